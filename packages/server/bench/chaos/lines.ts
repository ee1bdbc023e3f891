import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { serve } from '../parts/child.ts'

/** A socket's path, or an address. */
export type Target = string | { host: string; port: number }

/**
 * `cut`: connections are reset and new ones too. `hole`: whatever is sent is swallowed, and connections that
 * were open stay dead for ever, as behind a firewall that forgot them. A number: every chunk comes that many
 * milliseconds later.
 */
export type LineState = 'open' | 'cut' | 'hole' | number

// Lines between nodes and the database, one a node, which can be cut, black-holed and slowed.
const { targets } = JSON.parse(process.argv[2]!) as { targets: Target[] }

interface Line {
  state: LineState
  port: number
  pairs: Set<{ client: Socket; upstream: Socket; dead: boolean }>
}

async function open(target: Target): Promise<Line> {
  const line: Line = { state: 'open', port: 0, pairs: new Set() }
  const server = createServer((client) => {
    client.on('error', () => {})
    if (line.state === 'cut') return void client.resetAndDestroy()
    const upstream = typeof target === 'string' ? connect(target) : connect(target)
    const pair = { client, upstream, dead: line.state === 'hole' }
    line.pairs.add(pair)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const forward = delayed(to)
      from.on('data', (chunk: Buffer) => {
        if (!pair.dead) forward(chunk, typeof line.state === 'number' ? line.state : 0)
      })
      from.on('error', () => {})
      from.on('close', () => {
        line.pairs.delete(pair)
        // The other side of a hole hears nothing of it.
        if (!pair.dead) to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  line.port = (server.address() as AddressInfo).port
  return line
}

/** Writes chunks in the order in which they came, each after its own delay and after the ones before it. */
function delayed(to: Socket): (chunk: Buffer, delayMs: number) => void {
  const queue: { chunk: Buffer; dueAt: number }[] = []
  const pump = (): void => {
    while (queue.length > 0 && queue[0]!.dueAt <= performance.now()) {
      const { chunk } = queue.shift()!
      if (to.writable) to.write(chunk)
    }
    if (queue.length > 0) setTimeout(pump, Math.max(0, queue[0]!.dueAt - performance.now()))
  }
  return (chunk, delayMs) => {
    if (queue.length === 0 && delayMs === 0) {
      if (to.writable) to.write(chunk)
    } else if (queue.push({ chunk, dueAt: performance.now() + delayMs }) === 1) pump()
  }
}

const lines = await Promise.all(targets.map(open))
serve({
  ports: () => lines.map((line) => line.port),
  set: ({ line: index, state }: { line: number; state: LineState }) => {
    const line = lines[index]!
    line.state = state
    for (const pair of line.pairs) {
      if (state === 'hole') pair.dead = true
      if (state === 'cut') {
        pair.client.resetAndDestroy()
        pair.upstream.destroy()
      }
    }
  },
})
