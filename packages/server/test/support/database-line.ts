import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import pg from 'pg'

/**
 * A line to a database that can be cut: to who uses it, the database is away, while everybody else still reaches it.
 * While it is cut its port stays taken, and who connects is turned away: given free, another connection of the machine
 * may get it as its own, and the line could not be mended.
 */
export interface DatabaseLine {
  url: string
  cut(): Promise<void>
  /**
   * Breaks the first connection that sends these texts, one after the other, when the database has done what the last
   * of them asks: its answer is lost. Resolves when that has happened.
   */
  loseAnswer(...texts: string[]): Promise<void>
  /** The same, but the last of them does not reach the database. */
  loseRequest(...texts: string[]): Promise<void>
  mend(): Promise<void>
}

/** PostgreSQL's ReadyForQuery, outside a transaction. */
const readyAndIdle = Buffer.from('Z\0\0\0\x05I', 'latin1')

export async function openLine(url: string): Promise<DatabaseLine> {
  const { host, port, user, password, database } = new pg.Client({ connectionString: url })
  const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }
  const sockets = new Set<Socket>()
  let losing: { what: 'answer' | 'request'; texts: string[]; lost: () => void } | undefined
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return void client.on('error', () => {}).resetAndDestroy()
    const upstream = connect(target)
    let said = 0
    let lost: (() => void) | undefined
    let answer = Buffer.alloc(0)
    client.on('data', (chunk) => {
      while (losing && said < losing.texts.length && chunk.includes(losing.texts[said]!)) said += 1
      if (losing && said === losing.texts.length) {
        if (losing.what === 'answer') lost = losing.lost
        else {
          // Before it is piped.
          upstream.destroy()
          losing.lost()
        }
        losing = undefined
      }
    })
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
    }
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      if (!lost) return void client.write(chunk)
      answer = Buffer.concat([answer, chunk])
      if (!answer.subarray(-6).equals(readyAndIdle)) return
      client.destroy()
      lost()
    })
  })
  // What a test leaves open does not keep its process.
  server.unref()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: open } = server.address() as AddressInfo
  const lose = (what: 'answer' | 'request', texts: string[]) =>
    new Promise<void>((lost) => (losing = { what, texts, lost }))
  const line = new URL(`postgresql://127.0.0.1:${open}/${database ?? ''}`)
  line.username = encodeURIComponent(user ?? '')
  line.password = encodeURIComponent(password ?? '')
  return {
    url: line.href,
    async cut() {
      isCut = true
      const closed = [...sockets].map((socket) => new Promise((end) => socket.once('close', end)))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
    loseAnswer: async (...texts) => await lose('answer', texts),
    loseRequest: async (...texts) => await lose('request', texts),
    mend: async () => {
      isCut = false
    },
  }
}
