import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { errorMessage } from '../../src/core/thrown.ts'
import { type Address, addressOf, PORT } from '../../src/db/embedded/address.ts'
import { prepareCluster } from '../../src/db/embedded/cluster.ts'
import { land, launch, type Running } from '../../src/db/embedded/launch.ts'
import { endOrphans } from '../../src/db/embedded/leftover.ts'
import { locatePrograms, type Programs, readyPrograms } from '../../src/db/embedded/programs.ts'
import { type ServerUser, serverUser } from '../../src/db/embedded/user.ts'
import { ask } from './ask.ts'

/**
 * A PostgreSQL of the run's own, of the embedded programs, which it may stop and kill. Unlike Pombo's embedded
 * server it does not come back by itself: how long it is away is the scenario's to say.
 */
export class Database {
  readonly socket: string
  readonly #cluster: string
  readonly #folder: string
  readonly #programs: Programs
  readonly #user: ServerUser | undefined
  readonly #address: Address
  #running: Running | undefined
  #mounted: boolean

  private constructor(
    folder: string,
    programs: Programs,
    user: ServerUser | undefined,
    mounted: boolean,
  ) {
    this.#folder = folder
    this.#cluster = join(folder, 'postgres')
    this.#programs = programs
    this.#user = user
    this.#address = addressOf(this.#cluster)
    this.socket = join(this.#cluster, `.s.PGSQL.${PORT}`)
    this.#mounted = mounted
  }

  /** @param diskMib on a disk of its own of this size (a tmpfs); needs root */
  static async open(folder: string, diskMib?: number): Promise<Database> {
    mkdirSync(folder, { mode: 0o755 })
    if (diskMib !== undefined) mount(folder, diskMib)
    const user = await serverUser(join(folder, 'postgres'))
    const programs = await readyPrograms(
      locatePrograms(process.platform, process.arch),
      user,
      () => {},
    )
    const database = new Database(folder, programs, user, diskMib !== undefined)
    try {
      await prepareCluster(database.#cluster, programs, user, { log: () => {}, signal: undefined })
      await database.start()
      return database
    } catch (error) {
      await database.close()
      throw error
    }
  }

  /** Starts it; resolves when it answers. */
  async start(): Promise<void> {
    this.#address.refresh()
    this.#running = await launch({
      cluster: this.#cluster,
      programs: this.#programs,
      user: this.#user,
      logFile: join(this.#folder, 'postgres.log'),
      address: this.#address,
      log: () => {},
      signal: undefined,
    })
  }

  get runs(): boolean {
    return this.#running !== undefined && !this.#running.child.hasExited()
  }

  /** kill -9 of all its processes. */
  async kill(): Promise<void> {
    await endOrphans(this.#cluster)
    await this.#running?.child.exited
  }

  /** A fast shutdown: clients are cut off, everything is written. */
  async stop(): Promise<void> {
    if (this.#running && this.runs) await land(this.#running, this.#cluster)
  }

  async query<Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    return await ask<Row>(this.#address.url(name), text, values)
  }

  url(name: string): string {
    return this.#address.url(name)
  }

  /** An empty database; dropped with everything else at the end. */
  async fresh(name: string): Promise<string> {
    await this.query('postgres', `create database ${name}`)
    return this.#address.url(name)
  }

  /** Writes until nothing more fits on its disk. */
  fill(): void {
    const file = openSync(join(this.#folder, 'ballast'), 'a')
    try {
      for (let size = 1024 * 1024; size >= 512; ) {
        try {
          writeSync(file, Buffer.alloc(size))
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
          size /= 2
        }
      }
    } finally {
      closeSync(file)
    }
  }

  free(): void {
    rmSync(join(this.#folder, 'ballast'), { force: true })
  }

  async close(): Promise<void> {
    await this.stop()
    this.#address.remove()
    if (this.#mounted) unmount(this.#folder)
    this.#mounted = false
  }
}

function mount(folder: string, mib: number): void {
  const { status, stderr } = spawnSync(
    'mount',
    ['-t', 'tmpfs', '-o', `size=${mib}m,mode=0755`, 'tmpfs', folder],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`a disk of its own could not be mounted: ${stderr.trim()}`)
}

function unmount(folder: string): void {
  if (spawnSync('umount', [folder]).status !== 0) spawnSync('umount', ['-l', folder])
}

/** Why a disk of its own cannot be had here; undefined when it can. */
export function whyNoDisk(): string | undefined {
  const probe = mkdtempSync(join(tmpdir(), 'pombo-chaos-disk-'))
  try {
    mount(probe, 1)
    unmount(probe)
    return undefined
  } catch (error) {
    return errorMessage(error)
  } finally {
    rmdirSync(probe)
  }
}
