import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { appendFile, chown, mkdir, open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Child, pathFromInside, startChild } from '../../src/db/embedded/child.ts'
import { lastErrors, prepareCluster } from '../../src/db/embedded/cluster.ts'
import { endOrphans } from '../../src/db/embedded/leftover.ts'
import { locatePrograms, type Programs, readyPrograms } from '../../src/db/embedded/programs.ts'
import { sizeOf } from '../../src/db/embedded/server-log.ts'
import { type ServerUser, serverUser } from '../../src/db/embedded/user.ts'
import { ask } from './ask.ts'

interface Place {
  folder: string
  host: string
  port: number
}

/**
 * A PostgreSQL that listens on the network, of the embedded programs, and may be a standby of another: killed, stopped
 * and started again as a scenario or a test says.
 */
export class Server {
  readonly place: Place
  readonly #cluster: string
  readonly #programs: Programs
  readonly #user: ServerUser | undefined
  #child: Child | undefined

  private constructor(place: Place, programs: Programs, user: ServerUser | undefined) {
    this.place = place
    this.#cluster = join(place.folder, 'postgres')
    this.#programs = programs
    this.#user = user
  }

  /** An empty one, not started; trusts whoever reaches it. */
  static async create(place: Place, settings: Record<string, string> = {}): Promise<Server> {
    mkdirSync(place.folder, { recursive: true, mode: 0o755 })
    const user = await serverUser(join(place.folder, 'postgres'))
    const native = locatePrograms(process.platform, process.arch)
    const server = new Server(place, await readyPrograms(native, user, () => {}), user)
    const quiet = { log: () => {}, signal: undefined }
    await prepareCluster(server.#cluster, server.#programs, user, quiet)
    await writeFile(
      join(server.#cluster, 'pg_hba.conf'),
      'local all all trust\nhost all all all trust\nhost replication all all trust\n',
    )
    await server.configure({ wal_keep_size: '256MB', ...settings })
    return server
  }

  /** Adds settings; they hold from the next start, or the next `pg_reload_conf`. */
  async configure(settings: Record<string, string>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`)
    await appendFile(join(this.#cluster, 'postgresql.conf'), lines.join(''))
  }

  /** A standby of this one, which runs meanwhile: copied as a base backup is. Not started. */
  async standby(place: Place, name = 'standby'): Promise<Server> {
    mkdirSync(place.folder, { recursive: true, mode: 0o755 })
    const copy = new Server(place, this.#programs, this.#user)
    const session = new pg.Client({ connectionString: this.url('postgres') })
    await session.connect()
    let label: string
    try {
      await session.query("select pg_backup_start('standby', true)")
      // What is deleted meanwhile is missed by `cp`, and not by the standby, which gets it from the log.
      await promisify(execFile)('cp', ['-a', this.#cluster, copy.#cluster]).catch(() => {})
      const { rows } = await session.query<{ labelfile: string }>(
        'select * from pg_backup_stop(false)',
      )
      label = rows[0]!.labelfile
    } finally {
      await session.end()
    }
    for (const path of ['postmaster.pid', 'pg_wal', 'pg_replslot', 'postgresql.auto.conf'])
      await rm(join(copy.#cluster, path), { recursive: true, force: true })
    const owned = async (path: string) => {
      if (copy.#user) await chown(join(copy.#cluster, path), copy.#user.uid, copy.#user.gid)
    }
    for (const path of ['pg_wal', 'pg_replslot']) {
      await mkdir(join(copy.#cluster, path), { mode: 0o700 })
      await owned(path)
    }
    await writeFile(join(copy.#cluster, 'backup_label'), label)
    await writeFile(join(copy.#cluster, 'standby.signal'), '')
    for (const path of ['backup_label', 'standby.signal']) await owned(path)
    await copy.configure({
      primary_conninfo: `host=${this.place.host} port=${this.place.port} user=pombo application_name=${name}`,
      synchronous_standby_names: '',
      wal_retrieve_retry_interval: '200ms',
    })
    return copy
  }

  url(database: string): string {
    return `postgres://pombo@${this.place.host}:${this.place.port}/${database}`
  }

  get runs(): boolean {
    return this.#child !== undefined && !this.#child.hasExited()
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const { folder, host, port } = this.place
    const log = join(folder, 'postgres.log')
    const from = await sizeOf(log)
    const output = await open(log, 'a')
    const settings = [`listen_addresses=${host}`, `port=${port}`, 'unix_socket_directories=']
    const child = await startChild({
      program: this.#programs.postgres,
      args: [
        '-D',
        pathFromInside(this.#cluster, this.#user),
        ...settings.flatMap((setting) => ['-c', setting]),
      ],
      folder: this.#cluster,
      user: this.#user,
      output,
    })
    await output.close()
    this.#child = child
    for (;;) {
      if (child.hasExited()) throw new Error(`PostgreSQL ended: ${await lastErrors(log, from)}`)
      if (
        await this.query('postgres', 'select 1').then(
          () => true,
          () => false,
        )
      )
        return
      await sleep(20)
    }
  }

  /** kill -9 of all its processes. */
  async kill(): Promise<void> {
    await endOrphans(this.#cluster)
    await this.#child?.exited
  }

  /** A fast shutdown. */
  async stop(): Promise<void> {
    this.#child?.interrupt()
    await this.#child?.exited
  }

  /** Changes a setting of the running server. */
  async set(name: string, value: string): Promise<void> {
    await this.query('postgres', `alter system set ${name} = '${value}'`)
    await this.query('postgres', 'select pg_reload_conf()')
  }

  /** Resolves when it takes writes. */
  async promote(): Promise<void> {
    await this.query('postgres', 'select pg_promote(true, 30)')
  }

  async query<Row extends pg.QueryResultRow>(
    database: string,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    return await ask<Row>(this.url(database), text, values)
  }
}
