import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './child.ts'
import { percentile } from './figure.ts'

// Takes POSTs, answers 200, and counts by the number in the body; the latency is from the sender's clock, which
// is this machine's.
// Paths: /ok answers at once, /hang never, /slow after 200 ms.
const seen = new Map<number, number>()
const bySource = new Map<string, number[]>()
let received = 0
let waiting: { count: number; resolve: () => void } | undefined

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    if (request.url === '/hang') return
    const at = Date.now()
    const n = Number(/"n":(\d+)/.exec(body)?.[1])
    const sentAt = Number(/"sentAt":(\d+)/.exec(body)?.[1])
    seen.set(n, (seen.get(n) ?? 0) + 1)
    const source = request.url ?? ''
    const list = bySource.get(source) ?? []
    list.push(at - sentAt)
    bySource.set(source, list)
    received += 1
    response.writeHead(200).end()
    if (waiting && seen.size >= waiting.count) {
      waiting.resolve()
      waiting = undefined
    }
  })
})
server.keepAliveTimeout = 60_000
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

serve({
  port: () => (server.address() as AddressInfo).port,
  reset: () => {
    seen.clear()
    bySource.clear()
    received = 0
  },
  count: () => ({ distinct: seen.size, received }),
  waitFor: (count: number) =>
    seen.size >= count ? undefined : new Promise<void>((resolve) => (waiting = { count, resolve })),
  latencies: (path: string) => {
    const all = [...bySource]
      .filter(([source]) => source.startsWith(path))
      .flatMap(([, list]) => list)
      .toSorted((a, b) => a - b)
    const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) => percentile(all, share))
    return { p50, p95, p99, max }
  },
})
