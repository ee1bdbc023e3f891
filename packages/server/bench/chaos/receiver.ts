import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '../parts/child.ts'
import { seeded } from './random.ts'
import type { Arrival } from './verdict.ts'

// Takes POSTs at /plain and /ordered and writes down each: it alone says what was received. It answers after up
// to a tenth of a second, and
// refuses a small share of the first attempts, so that retries are under way at any time too.
const { seed, refuse, host } = JSON.parse(process.argv[2]!) as {
  seed: number
  refuse: number
  host: string
}
const random = seeded(seed)
let arrivals: Arrival[] = []
const done = new Set<string>()
const known = new Set<string>()
let seq = 0
let waiting: { missing: Set<string>; resolve: () => void } | undefined

const server = createServer((request, response) => {
  const at = Date.now()
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    const id = String(request.headers['webhook-id'])
    const path = request.url === '/ordered' ? 'ordered' : 'plain'
    const delivery = `${id} ${path}`
    const ok = known.has(delivery) || random() >= refuse
    known.add(delivery)
    const arrival: Arrival = {
      n: Number(/"n":(\d+)/.exec(body)?.[1]),
      id,
      path,
      node: String(request.headers['x-chaos-node']),
      at,
      seq: ++seq,
      answerSeq: null,
      ok,
    }
    arrivals.push(arrival)
    setTimeout(
      () => {
        arrival.answerSeq = ++seq
        response.writeHead(ok ? 200 : 500).end()
        if (!ok) return
        done.add(delivery)
        waiting?.missing.delete(delivery)
        if (waiting?.missing.size === 0) waiting.resolve()
      },
      random() * (path === 'plain' ? 100 : 40),
    )
  })
})
server.keepAliveTimeout = 60_000
await new Promise<void>((resolve) => server.listen(0, host, resolve))

serve({
  port: () => (server.address() as AddressInfo).port,
  reset: () => {
    arrivals = []
    done.clear()
    known.clear()
  },
  /** Resolves when all of these were received, with true; or after the time, with false. */
  all: ({ ids, withinMs }: { ids: string[]; withinMs: number }) =>
    new Promise<boolean>((resolve) => {
      const missing = new Set(
        ids
          .flatMap((id) => [`${id} plain`, `${id} ordered`])
          .filter((delivery) => !done.has(delivery)),
      )
      if (missing.size === 0) return resolve(true)
      const timer = setTimeout(() => resolve(false), withinMs)
      waiting = {
        missing,
        resolve: () => {
          clearTimeout(timer)
          resolve(true)
        },
      }
    }),
  count: () => arrivals.length,
  arrivals: () => arrivals,
})
