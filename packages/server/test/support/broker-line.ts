import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A line to a broker that can be cut, and made to hang: what is sent is taken and leads nowhere. */
export interface BrokerLine {
  host: string
  /** Connections that are open. */
  open(): number
  /** How many there have been. */
  made(): number
  /** What the broker has said over all of them. */
  bytes(): number
  hang(): void
  /** Breaks what is open; new connections go through, and what hung does so no longer. */
  breakAll(): void
  close(): Promise<void>
}

export async function openBrokerLine(host: string): Promise<BrokerLine> {
  const [hostname = '', port] = host.split(':')
  const sockets = new Set<Socket>()
  let hanging = false
  let made = 0
  let bytes = 0
  const server = createServer((client) => {
    made += 1
    const upstream = connect(Number(port), hostname)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {})
      one.on('data', (chunk) => {
        if (one === upstream) bytes += chunk.length
        if (hanging || other.write(chunk)) return
        // Who does not read holds back who writes.
        one.pause()
        other.once('drain', () => one.resume())
      })
      one.on('close', () => {
        sockets.delete(client)
        other.destroy()
      })
    }
    sockets.add(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    open: () => sockets.size,
    made: () => made,
    bytes: () => bytes,
    hang() {
      hanging = true
    },
    breakAll() {
      hanging = false
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
