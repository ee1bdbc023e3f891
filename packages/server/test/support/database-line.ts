import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import pg from 'pg'

/** A line to a database that can be cut: to who uses it, the database is away, while everybody else still reaches it. */
export interface DatabaseLine {
  url: string
  cut(): Promise<void>
  mend(): Promise<void>
}

export async function openLine(url: string): Promise<DatabaseLine> {
  const { host, port, user, password, database } = new pg.Client({ connectionString: url })
  const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  const listen = (at: number) =>
    new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
  await listen(0)
  const { port: open } = server.address() as AddressInfo
  const line = new URL(`postgresql://127.0.0.1:${open}/${database ?? ''}`)
  line.username = encodeURIComponent(user ?? '')
  line.password = encodeURIComponent(password ?? '')
  return {
    url: line.href,
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
    mend: () => listen(open),
  }
}
