import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { openLine } from './database-line.ts'
import { freePort } from './free-port.ts'
import { until } from './receiver.ts'

/** A real PgBouncer before a database, in transaction mode, with few server connections for many clients. */
export interface Bouncer {
  url: string
  version: string
  close(): Promise<void>
}

/** Where PgBouncer is installed; its packages put it where not every PATH looks. */
export function pgbouncerProgram(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path))
}

export async function startBouncer(
  program: string,
  databaseUrl: string,
  serverConnections: number,
): Promise<Bouncer> {
  // PgBouncer gives up root's rights, without which it does not reach the embedded server's socket; a line does.
  const line = await openLine(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), 'pombo-pgbouncer-'))
  const port = await freePort()
  const target = new URL(line.url)
  const database = target.pathname.slice(1)
  const login = [
    `user=${decodeURIComponent(target.username)}`,
    ...(target.password ? [`password=${decodeURIComponent(target.password)}`] : []),
  ].join(' ')
  const ini = join(folder, 'pgbouncer.ini')
  await writeFile(
    ini,
    `[databases]
* = host=127.0.0.1 port=${target.port} ${login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${serverConnections}
max_client_conn = 200
`,
  )
  await chmod(folder, 0o755)
  await chmod(ini, 0o644)
  const asOther = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child: ChildProcess = spawn(program, [...asOther, ini], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const url = `postgresql://pombo@127.0.0.1:${port}/${database}`
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended: ${said}`)
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    return await client.connect().then(
      async () => {
        await client.end()
        return true
      },
      () => false,
    )
  })
  return {
    url,
    version: execFileSync(program, ['--version']).toString().split('\n')[0]!,
    async close() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await line.cut()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
