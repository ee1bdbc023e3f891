// Folders, servers and processes for tests of the embedded PostgreSQL.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded/embedded.ts'
import { type Account, type Pombo, spawnPombo } from './embedded-pombo.ts'
import { scratchParent } from './scratch.ts'

export const isRoot = process.getuid?.() === 0
export const isLinux = process.platform === 'linux'
export const run = (program: string, ...args: string[]) =>
  spawnSync(program, args, { encoding: 'utf8' })
export const nobody: Account = { uid: 65534, gid: 65534 }

export async function query<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(10)
  }
}

/** Not a zombie: nobody need collect the orphans that these tests make. */
export function isRunning(pid: number): boolean {
  if (isLinux) return workingFolderOf(pid) !== undefined
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export function workingFolderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

/** Every process that works inside the folder: servers, their shells, initdb. */
export function processesIn(parent: string): number[] {
  return processes().filter((pid) => workingFolderOf(pid)?.startsWith(`${parent}/`))
}

export const processes = (): number[] =>
  isLinux ? readdirSync('/proc').map(Number).filter(Boolean) : []

export function parentOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(status.slice(status.lastIndexOf(')')).split(' ')[2])
  } catch {
    return undefined // it has just ended
  }
}

export async function refusalOf(
  attempt: Promise<unknown>,
): Promise<{ code: string; message: string }> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error) || !('code' in error))
    throw new Error(`not a refusal: ${String(error)}`)
  return { code: String(error.code), message: error.message }
}

/** A folder for each test, in which no process may be left behind, and data to begin with. */
export function embeddedTests() {
  let root: string
  let programs: string
  let seed: string
  let folder: string
  const pombos: Pombo[] = []
  const servers: EmbeddedServer[] = []

  // Data made once and copied, for tests that are not about making it. It has a table `kept` with a 1 in it,
  // and does not wait for the disk: these tests kill processes, not the machine.
  beforeAll(async () => {
    root = await realpath(await mkdtemp(join(scratchParent(), 'pombo-embedded-')))
    programs = await realpath(await mkdtemp(join(tmpdir(), 'pombo-programs-')))
    // So that other users reach what is made for them in it.
    for (const path of [root, programs]) await chmod(path, 0o755)
    seed = join(root, 'seed')
    const server = await startEmbedded({ dataDir: seed, log: () => {} })
    await query(server.url, 'create table kept as select 1 as one')
    await query(server.url, 'alter system set fsync = off')
    await server.stop()
  })

  afterAll(async () => {
    for (const path of [root, programs])
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
  })

  function seeded(dataDir: string): string {
    mkdirSync(dataDir, { recursive: true })
    const copied = run('cp', '-a', join(seed, 'postgres'), join(dataDir, 'postgres'))
    expect(copied.stderr).toBe('')
    return dataDir
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(root, 'test-'))
    await chmod(folder, 0o755)
  })

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
    for (const { process: child } of pombos.splice(0)) child.kill('SIGKILL')
    try {
      await until('no process is left in the folder', () => processesIn(folder).length === 0)
    } finally {
      for (const pid of processesIn(folder)) process.kill(pid, 'SIGKILL')
    }
  })

  function pombo(...args: Parameters<typeof spawnPombo>): Pombo {
    const spawned = spawnPombo(...args)
    pombos.push(spawned)
    return spawned
  }

  async function start(
    dataDir: string,
    log: (message: string) => void = () => {},
  ): Promise<EmbeddedServer> {
    const server = await startEmbedded({ dataDir, log })
    servers.push(server)
    return server
  }

  return {
    pombo,
    start,
    seeded,
    servers,
    /** Of the test that runs. */
    get folder() {
      return folder
    },
    /** For copies of programs, which all tests of the file share. */
    get programs() {
      return programs
    },
  }
}
