import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Received {
  headers: IncomingHttpHeaders
  body: string
  path: string
  at: number
}

export interface Answer {
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Never answers. */
  hang?: boolean
  delayMs?: number
  /** Answers when this is settled, with the status that it brings. */
  after?: Promise<number | void>
}

export interface Receiver {
  url: string
  received: Received[]
  /** What it answers next, and from then on. */
  answer: (request: Received, index: number) => Answer
  /** Resolves when `count` requests have come, or rejects at the deadline. */
  waitFor(count: number, deadlineMs?: number): Promise<Received[]>
  close(): Promise<void>
}

/** A real HTTP server that keeps what it gets. */
export async function startReceiver(answer: Receiver['answer'] = () => ({})): Promise<Receiver> {
  const waiting = new Set<() => void>()
  const receiver: Receiver = {
    url: '',
    received: [],
    answer,
    waitFor(count, deadlineMs = 60_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(
            new Error(
              `${receiver.received.length} of ${count} requests came within ${deadlineMs} ms`,
            ),
          )
        }, deadlineMs)
        const check = () => {
          if (receiver.received.length < count) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(receiver.received)
        }
        waiting.add(check)
        check()
      })
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = {
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        path: request.url ?? '',
        at: performance.now(),
      }
      receiver.received.push(one)
      const {
        status = 200,
        headers = {},
        body = '',
        hang = false,
        delayMs = 0,
        after,
      } = receiver.answer(one, receiver.received.length - 1)
      for (const check of waiting) check()
      if (hang) return
      const end = (by: number) =>
        setTimeout(() => response.writeHead(by, headers).end(body), delayMs)
      if (after) void after.then((later) => end(later ?? status))
      else end(status)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return receiver
}

/** One that a test starts, and that ends with it. */
export async function receiverOfTest(answer?: Receiver['answer']): Promise<Receiver> {
  const receiver = await startReceiver(answer)
  onTestFinished(() => receiver.close())
  return receiver
}

/** Polls until it is so; for what has no event to await. The deadline is for what never comes, not for what is late. */
export async function until<T>(
  ask: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > end) throw new Error(`it did not become so within ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
