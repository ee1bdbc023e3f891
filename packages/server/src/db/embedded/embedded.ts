/**
 * The embedded default: a real PostgreSQL 18 as a child of Pombo, on data of its own, for when no DATABASE_URL is set.
 *
 * It promises: one server a data folder; nobody but Pombo's user reaches it; it ends when Pombo ends, however that
 * happens; it comes back by itself when it dies; nothing it acknowledged is lost by killing either of them.
 *
 * In the data folder: `postgres/` (the data, mode 0700), `postgres.log`, `pombo.lock` and `pombo.pid` (who has it); and
 * `moved`, once its data were moved to another server.
 */
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '../../core/thrown.ts'
import { type Address, addressOf, DATABASE } from './address.ts'
import { prepareCluster } from './cluster.ts'
import { land, launch, type Running } from './launch.ts'
import { type FolderLock, lockFolder, makeFolder } from './folder.ts'
import { boundLog } from './server-log.ts'
import { refuseMoved } from './moved.ts'
import { locatePrograms, type Programs, readyPrograms } from './programs.ts'
import { diskFull, isNoSpace } from './refusal.ts'
import { type ServerUser, serverUser } from './user.ts'

export type EmbeddedOptions = {
  /** Made when missing. Relative to the working folder. */
  dataDir: string
  /** Progress and trouble, a line each, for the person who watches. The server itself prints nothing. */
  log: (message: string) => void
  /** Ends a start that is under way; afterwards it has no effect. */
  signal?: AbortSignal
}

export type EmbeddedServer = {
  /**
   * Of the database `pombo`, as its owner; for `pg`, psql and anything on libpq. Stays the same when the server
   * restarts.
   */
  readonly url: string
  /** The server's process now; another one after it died and came back. */
  readonly pid: number
  readonly version: string
  /** Stops the server in good order and gives the data folder free. Clients still connected are cut off. */
  stop(): Promise<void>
}

/** Starts the server, or throws an Error whose message says what to do and whose `code` is a `RefusalCode`. */
export async function startEmbedded({
  dataDir,
  log,
  signal,
}: EmbeddedOptions): Promise<EmbeddedServer> {
  signal?.throwIfAborted()
  const native = locatePrograms(process.platform, process.arch)
  const folder = await makeFolder(resolve(dataDir))
  const cluster = join(folder, 'postgres')
  const user = await serverUser(cluster)
  let lock: FolderLock | undefined
  try {
    lock = await lockFolder(folder)
    refuseMoved(folder)
    const programs = await readyPrograms(native, user, log)
    await prepareCluster(cluster, programs, user, { log, signal })
    const server = new Server({ folder, cluster, programs, user, log, lock })
    await server.start(signal)
    return server
  } catch (error) {
    lock?.release()
    throw isNoSpace(error) ? diskFull(folder, error) : error
  }
}

type Parts = {
  folder: string
  cluster: string
  programs: Programs
  user: ServerUser | undefined
  log: (message: string) => void
  lock: FolderLock
}

class Server implements EmbeddedServer {
  readonly url: string
  readonly version: string
  readonly #parts: Parts
  readonly #address: Address
  readonly #stopping = new AbortController()
  #running: Running | undefined
  #reviving: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined
  #housekeeping: NodeJS.Timeout | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#address = addressOf(parts.cluster)
    this.url = this.#address.url(DATABASE)
    this.version = parts.programs.version
  }

  get pid(): number {
    return this.#running?.pid ?? 0
  }

  async start(signal: AbortSignal | undefined): Promise<void> {
    this.#address.refresh()
    try {
      await this.#launch(signal)
    } catch (error) {
      this.#address.remove()
      throw error
    }
    const logFile = this.#logFile
    this.#housekeeping = setInterval(() => {
      this.#address.refresh()
      boundLog(logFile).catch((error) =>
        this.#parts.log(`the log ${logFile} could not be shortened: ${error.message}`),
      )
    }, 60_000).unref()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  get #logFile(): string {
    return join(this.#parts.folder, 'postgres.log')
  }

  async #launch(signal: AbortSignal | undefined): Promise<void> {
    const { cluster, programs, user, log } = this.#parts
    const logFile = this.#logFile
    const running = await launch({
      cluster,
      programs,
      user,
      log,
      logFile,
      address: this.#address,
      signal,
    })
    this.#running = running
    void running.child.exited.then((status) => {
      if (this.#stopping.signal.aborted) return
      this.#parts.log(
        `PostgreSQL ended unexpectedly (status ${status}; see ${this.#logFile}); starting it again`,
      )
      this.#reviving = this.#revive()
    })
  }

  /** Keeps trying: what made it end (a full disk) may pass, and until then Pombo answers that its database is away. */
  async #revive(): Promise<void> {
    const { signal } = this.#stopping
    for (let pauseMs = 100; !signal.aborted; pauseMs = Math.min(pauseMs * 2, 10_000)) {
      try {
        await this.#launch(signal)
        this.#parts.log(`PostgreSQL is back (process ${this.pid})`)
        return
      } catch (error) {
        if (signal.aborted) return
        this.#parts.log(errorMessage(error))
      }
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    clearInterval(this.#housekeeping)
    await this.#reviving
    if (this.#running !== undefined) await land(this.#running, this.#parts.cluster)
    this.#address.remove()
    this.#parts.lock.release()
  }
}
