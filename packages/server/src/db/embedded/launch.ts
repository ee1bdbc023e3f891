import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { errorCode } from '../../core/thrown.ts'
import { type Address, DATABASE, PORT } from './address.ts'
import { type Child, pathFromInside, startChild } from './child.ts'
import { lastErrors } from './cluster.ts'
import { clearLeftovers, endOrphans, isServerOf, readPidFile, stopServer } from './leftover.ts'
import { openLog, sizeOf } from './server-log.ts'
import type { Programs } from './programs.ts'
import { diskFull, isNoSpace, refusal } from './refusal.ts'
import type { ServerUser } from './user.ts'

export type LaunchOptions = {
  cluster: string
  programs: Programs
  user: ServerUser | undefined
  logFile: string
  address: Address
  log: (message: string) => void
  signal: AbortSignal | undefined
}

export type Running = { child: Child; pid: number }

/** Starts the server and waits until it answers and has Pombo's database, however long its recovery takes. */
export async function launch(options: LaunchOptions): Promise<Running> {
  const { cluster, logFile, log, signal } = options
  const patientUntil = Date.now() + 15_000
  for (;;) {
    signal?.throwIfAborted()
    const overlook = await clearLeftovers(cluster, log)
    const from = await sizeOf(logFile)
    const child = await spawnServer(options, overlook)
    const pid = await untilReady(child, options).catch(async (error) => {
      child.interrupt()
      await child.exited
      throw error
    })
    if (pid !== undefined) {
      child.hold(false)
      return { child, pid }
    }
    const said = await lastErrors(logFile, from)
    const isHeldByBackends = /pre-existing shared memory block/.test(said)
    if (!isHeldByBackends || Date.now() > patientUntil) throw await explained(said, options)
    await endOrphans(cluster)
    await sleep(100)
  }
}

/** Stops what `launch` started. */
export async function land({ child, pid }: Running, cluster: string): Promise<void> {
  child.hold(true)
  child.interrupt()
  await Promise.race([child.exited, sleep(30_000, undefined, { ref: false })])
  // Still there if it hangs, or if somebody killed the shell that watches it.
  if (await isServerOf(pid, cluster)) await stopServer(pid, cluster)
}

async function spawnServer(
  { cluster, programs, user, logFile }: LaunchOptions,
  overlook?: number,
): Promise<Child> {
  const fixed = {
    listen_addresses: '', // no network at all
    unix_socket_directories: '.', // the data folder, which is the working folder; mode 0700
    unix_socket_permissions: '0700',
    port: String(PORT),
  }
  const args = [
    '-D',
    pathFromInside(cluster, user),
    ...Object.entries(fixed).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
  ]
  // PostgreSQL's way for pg_ctl to say which pid in a lock file is surely not a server.
  const env: Record<string, string> =
    overlook === undefined ? {} : { PG_GRANDPARENT_PID: String(overlook) }
  await using output = await openLog(logFile)
  return await startChild({ program: programs.postgres, args, folder: cluster, user, env, output })
}

/** The server's pid once it answers; `undefined` if it ended instead. */
async function untilReady(child: Child, options: LaunchOptions): Promise<number | undefined> {
  const { cluster, address, log, signal } = options
  let noteAt = Date.now() + 5_000
  while (!child.hasExited()) {
    signal?.throwIfAborted()
    // Its file first: asking a server that is still starting puts a line into the log each time. Asked all the same,
    // because the file may be that of a killed server.
    const file = await readPidFile(cluster)
    if (file?.isReady === true && (await hasDatabase(address)))
      return (await readPidFile(cluster))?.pid
    if (Date.now() > noteAt) {
      log('PostgreSQL is still starting (it recovers what was not yet written to its files)')
      noteAt = Number.POSITIVE_INFINITY
    }
    await sleep(10)
  }
  return undefined
}

/** Asks the server for Pombo's database and makes it the first time; false while nobody answers. */
async function hasDatabase(address: Address): Promise<boolean> {
  const client = new pg.Client({
    connectionString: address.url('postgres'),
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {}) // reported by the query
  try {
    await client.connect()
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      DATABASE,
    ])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
    return true
  } catch (error) {
    // No socket yet, nobody behind it, or 57P03: starting up.
    if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET', '57P03'].includes(errorCode(error))) return false
    throw error
  } finally {
    await client.end().catch(() => {})
  }
}

async function explained(said: string, { cluster, logFile }: LaunchOptions): Promise<Error> {
  const { bavail, bsize } = await statfs(cluster)
  // A full disk may have swallowed the log's lines too.
  if (isNoSpace(said) || bavail * bsize < 1024 * 1024)
    return diskFull(dirname(cluster), new Error(said))
  return refusal(
    'embedded_failed',
    `The database in ${dirname(cluster)} did not start: ${said}. See ${logFile}.`,
  )
}
