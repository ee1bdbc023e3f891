import { fork, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'

/**
 * A process of a benchmark, asked and answering over IPC, so that what it uses can be told from what the others
 * use.
 */
export interface Part {
  pid: number
  ask<T>(question: string, data?: unknown): Promise<T>
  kill(signal: NodeJS.Signals): void
  stop(): Promise<void>
  exited: Promise<number | null>
}

interface Envelope {
  id: number
  answer?: unknown
  error?: string
}

/**
 * Starts `bench/parts/<file>` and waits until it says it is ready. What it says on standard output goes to
 * `logFile`, or nowhere.
 */
export async function startPart(
  file: string,
  args: unknown,
  {
    execArgv = [],
    logFile = '/dev/null',
    enter = [],
  }: {
    execArgv?: string[]
    logFile?: string
    /** A program that starts the process, such as `ip netns exec name`. */
    enter?: string[]
  } = {},
): Promise<Part> {
  const output = openSync(logFile, 'a')
  const child: ChildProcess = fork(resolvePath(import.meta.dirname, file), [JSON.stringify(args)], {
    stdio: ['ignore', output, 'inherit', 'ipc'],
    execPath: enter[0] ?? process.execPath,
    execArgv: enter.length > 0 ? [...enter.slice(1), process.execPath, ...execArgv] : execArgv,
  })
  closeSync(output)
  const asked = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >()
  let next = 1
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  void exited.then((code) => {
    for (const { reject } of asked.values()) reject(new Error(`${file} ended with status ${code}`))
    asked.clear()
  })
  const ready = new Promise<void>((resolve, reject) => {
    asked.set(0, { resolve: () => resolve(), reject })
  })
  child.on('message', (message: Envelope) => {
    const waiting = asked.get(message.id)
    asked.delete(message.id)
    if (message.error === undefined) waiting?.resolve(message.answer)
    else waiting?.reject(new Error(`${file}: ${message.error}`))
  })
  await ready
  return {
    pid: child.pid!,
    ask: <T>(question: string, data?: unknown) =>
      new Promise<T>((resolve, reject) => {
        const id = next++
        asked.set(id, { resolve: resolve as (value: unknown) => void, reject })
        child.send({ id, question, data })
      }),
    kill: (signal) => void child.kill(signal),
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await exited
    },
    exited,
  }
}

/** The other side: answers questions until the process is told to end. */
export function serve(answers: Record<string, (data: never) => unknown>): void {
  const usage = () => ({
    cpuMs: Object.values(process.cpuUsage()).reduce((a, b) => a + b, 0) / 1000,
    heapBytes: process.memoryUsage().heapUsed,
    externalBytes: process.memoryUsage().external,
    rssBytes: process.memoryUsage().rss,
  })
  const all: Record<string, (data: never) => unknown> = { usage, ...answers }
  process.on('message', (message: { id: number; question: string; data: never }) => {
    void (async () => {
      try {
        process.send?.({ id: message.id, answer: await all[message.question]!(message.data) })
      } catch (error) {
        process.send?.({
          id: message.id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        })
      }
    })()
  })
  // Whatever ended the one who asks, nothing of a run outlives it.
  process.on('disconnect', () => process.exit(1))
  if (!process.connected) process.exit(1)
  process.send?.({ id: 0 })
}
