import { execFile } from 'node:child_process'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { errorCode } from '../../core/thrown.ts'
import { PORT } from './address.ts'
import { refusal } from './refusal.ts'

/** `postmaster.pid`: the pid on line 1, the state on line 8. `undefined` when there is none. */
export async function readPidFile(
  cluster: string,
): Promise<{ pid: number; isReady: boolean } | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  return Number.isInteger(pid) && pid > 0
    ? { pid, isReady: lines[7]?.trim() === 'ready' }
    : undefined
}

/**
 * Deals with what an earlier server left. Called with the folder's lock held, so a server that still runs on it has
 * lost its Pombo: it is stopped. Returns the pid in `postmaster.pid` for PostgreSQL to overlook, since by now it may be
 * any other process's, at which PostgreSQL would refuse to start.
 *
 * The file itself stays: from it PostgreSQL finds the shared memory of the dead server, and so notices backends of it
 * that still run. Deleting it, as is often advised, would let two servers write the same data.
 */
export async function clearLeftovers(
  cluster: string,
  log: (message: string) => void,
): Promise<number | undefined> {
  const left = await readPidFile(cluster)
  if (left !== undefined && (await isServerOf(left.pid, cluster))) {
    log(`an earlier PostgreSQL (process ${left.pid}) still runs on this folder; stopping it`)
    await stopServer(left.pid, cluster)
  }
  // The folder is private and no server runs in it, so its socket's lock file can only be stale.
  for (const name of [`.s.PGSQL.${PORT}`, `.s.PGSQL.${PORT}.lock`])
    await rm(join(cluster, name), { force: true })
  return left?.pid
}

/** Stops a server that is no child of ours: in good order, then less so. */
export async function stopServer(pid: number, cluster: string): Promise<void> {
  // SIGINT: disconnect and write everything out. SIGQUIT: drop everything; the next start recovers from the log.
  for (const [name, waitMs] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    signal(pid, name)
    const until = Date.now() + waitMs
    while (Date.now() < until) {
      if (!(await isServerOf(pid, cluster))) return
      await sleep(20)
    }
  }
  throw refusal(
    'embedded_in_use',
    `An earlier PostgreSQL (process ${pid}) still runs on ${cluster} and does not stop. End ` +
      'it by hand, and start Pombo again.',
  )
}

/**
 * Ends what a killed server left working on the data, and resolves when none of it runs any more (5 s at most). Its
 * processes end by themselves as soon as they look up, but one in a long computation does that late (14 s measured, of
 * a query that took as long), and until then no new server may start. SIGKILL, since what they do is lost anyway: the
 * next server recovers from the log. Looked for until a look finds none, since a server forks while the list is read.
 * Only Linux lets us find them.
 */
export async function endOrphans(cluster: string): Promise<void> {
  if (process.platform !== 'linux') return
  const until = Date.now() + 5_000
  for (;;) {
    const found: number[] = []
    for (const pid of (await readdir('/proc')).map(Number))
      if (pid > 0 && (await isServerOf(pid, cluster))) found.push(pid)
    if (found.length === 0 || Date.now() > until) return
    for (const pid of found) signal(pid, 'SIGKILL')
    await sleep(10)
  }
}

/** One that ended in the meantime is no mistake. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/** Whether `pid` is a PostgreSQL server on this data: a server's working folder is its data folder, all its life. */
export async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false // gone, or another user's, who cannot be running on our data
  }
  try {
    if (process.platform === 'linux') {
      const [name, here, data] = await Promise.all([
        readFile(`/proc/${pid}/comm`, 'utf8'),
        stat(`/proc/${pid}/cwd`),
        stat(cluster),
      ])
      return name.trim() === 'postgres' && here.dev === data.dev && here.ino === data.ino
    }
    const { stdout } = await promisify(execFile)('lsof', [
      '-a',
      '-p',
      String(pid),
      '-d',
      'cwd',
      '-c',
      'postgres',
      '-Fn',
    ])
    return stdout.split('\n').includes(`n${cluster}`)
  } catch {
    return false // a zombie has no working folder; a process of another user shows none
  }
}
