import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Socket } from 'node:net'
import type { ServerUser } from './user.ts'

/**
 * A program that ends when Pombo ends, however that happens: when its standard input, a pipe that only Pombo holds,
 * closes, the watcher sends it SIGINT (which PostgreSQL takes as "stop now, in good order").
 *
 * The watcher repeats the signal, because one that comes before the program has set up its handlers is lost (signals
 * start out ignored), and keeps nothing open in the data folder, which so can be unmounted at once. The shell waits for
 * the program and so keeps its pid from being reused while it may be signalled. The session of its own (`detached`)
 * keeps a terminal's Ctrl-C from PostgreSQL, which must outlast Pombo's draining; the trap keeps the shell at its post
 * when a service manager sends SIGTERM to everything.
 */
const watched = `
trap '' HUP INT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{ cd /; read -r _ <&3; while kill -INT "$program"; do sleep 0.2; done; } >/dev/null 2>&1 &
watcher=$!
wait "$program"
status=$?
kill -KILL "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
exit "$status"
`

export type Child = {
  /** The program's exit status; a signal's number plus 128 when it was killed. */
  exited: Promise<number>
  hasExited(): boolean
  /** Closes the pipe: the program gets SIGINT. */
  interrupt(): void
  /**
   * Whether Pombo stays alive for it, as at first, or may end when it has nothing else to do (and so end the program).
   */
  hold(isHeld: boolean): void
}

export type Launch = {
  program: string
  args: string[]
  folder: string
  user: ServerUser | undefined
  env?: Record<string, string>
  /** Receives standard output and error. */
  output: FileHandle
}

/** Starts `program` with `folder` as its working folder, in a bare environment. Rejects when it cannot be started. */
export async function startChild({
  program,
  args,
  folder,
  user,
  env,
  output,
}: Launch): Promise<Child> {
  const child = spawn('/bin/sh', ['-c', watched, 'pombo-postgres', program, ...args], {
    cwd: folder,
    env: { LC_ALL: 'C', TZ: 'UTC', ...env },
    stdio: ['pipe', output.fd, output.fd],
    detached: true,
    ...user,
  })
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  return toChild(child)
}

function toChild(child: ChildProcess): Child {
  child.stdin?.on('error', () => {}) // the shell is gone, which `exited` reports
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (status) => resolve(status ?? 137))
  })
  return {
    exited,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    interrupt: () => child.stdin?.destroy(),
    hold(isHeld) {
      for (const handle of [child, child.stdin as Socket | null]) {
        if (isHeld) handle?.ref()
        else handle?.unref()
      }
    },
  }
}

/**
 * How a program started in `folder` names that folder. Another user may be unable to get there by its path (a checkout
 * only root may enter), but Node enters it while still root, and the kernel keeps a working folder across the change of
 * user; PostgreSQL wants an absolute path, and this is one. Data then really lives where POMBO_DATA_DIR says.
 */
export function pathFromInside(folder: string, user: ServerUser | undefined): string {
  const here = '/proc/self/cwd'
  return user !== undefined && existsSync(here) ? here : folder
}
