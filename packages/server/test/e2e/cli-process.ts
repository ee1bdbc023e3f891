// Runs the real `pombo` as a process of its own, bundled as it is published.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundledPombo } from '../../../../scripts/bundled.mjs'

export type CliProcess = {
  child: ChildProcess
  stdout(): string
  stderr(): string
  /**
   * The first match in what was printed so far, or will be; rejects when the process ends without, or after
   * `withinMs`.
   */
  printed(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>
  /** The exit code; null when a signal ended it. */
  ended(): Promise<number | null>
}

const running = new Set<ChildProcess>()

/**
 * Starts `pombo` with only the variables given (and what a process needs to find its programs). `main`: another copy
 * of it. `stdout`: where its output goes instead.
 */
export function pombo(
  args: string[],
  env: Record<string, string> = {},
  {
    main = bundledPombo().main,
    stdout: output = 'pipe',
    ...options
  }: { cwd?: string; detached?: boolean; main?: string; stdout?: 'pipe' | number } = {},
): CliProcess {
  const { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE } = process.env
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', output, 'pipe'],
    ...options,
  })
  running.add(child)
  let stdout = ''
  let stderr = ''
  let changed: () => void = () => {}
  const closed = once(child, 'close').then(() => {
    running.delete(child)
    changed()
  })
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    changed()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    changed()
  })
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    async printed(pattern, withinMs = 60_000) {
      const deadline = performance.now() + withinMs
      for (;;) {
        const match = pattern.exec(`${stdout}\n${stderr}`)
        if (match) return match
        const what = `${pattern} was not printed. Output:\n${stdout}\n${stderr}`
        if (!running.has(child)) throw new Error(`The process ended (${child.exitCode}); ${what}`)
        if (performance.now() > deadline) throw new Error(what)
        await Promise.race([new Promise<void>((resolve) => (changed = resolve)), sleep(200)])
      }
    },
    async ended() {
      await closed
      return child.exitCode
    },
  }
}

/** Ends what a test left running. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    }),
  )
}
