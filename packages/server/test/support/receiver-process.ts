// Receivers as programs of their own (test/receivers): they print `{"port": n}` when they listen, and a line of JSON
// for each request.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface ReceiverProcess {
  /** `http://127.0.0.1:<port>/hook` */
  url: string
  /** What it says about the next request, in the order in which it answered. */
  next(): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

/** The program that runs a receiver's file; null where this machine has none. */
export function programOf(file: string): string | null {
  if (!file.endsWith('.py')) return process.execPath
  return spawnSync('python3', ['--version']).status === 0 ? 'python3' : null
}

/** @param file within test/receivers */
export async function startReceiver(
  file: string,
  settings: Record<string, string>,
): Promise<ReceiverProcess> {
  const program = programOf(file)
  if (program === null) throw new Error(`there is no program for ${file} on this machine`)
  const path = fileURLToPath(new URL(`../receivers/${file}`, import.meta.url))
  const child = spawn(program, [path], {
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  async function next(): Promise<Record<string, unknown>> {
    const line = await lines.next()
    if (line.done) throw new Error(`${file} ended`)
    return JSON.parse(line.value) as Record<string, unknown>
  }
  const { port } = await next()
  return {
    url: `http://127.0.0.1:${String(port)}/hook`,
    next,
    async stop() {
      child.kill()
      await ended
    },
  }
}
