// The connections, one request at a time on each, and those kept open for the next request.
//
// Each is an undici Client, not a share in an undici Agent or Pool: those own the connecting socket, so that a
// deadline that passes during connect could not close it, and they hand a connection on while the body of an
// early-answered request is still being written to it. A Client does the HTTP; which one gets a request, and when it
// dies, is decided here.
import type { Socket } from 'node:net'
import { LRUCache } from 'lru-cache'
import { Client } from 'undici'
import type { Connect, Refusal } from './connect.ts'
import { readLeniently } from './lenient-head.ts'

/** Many servers close at 5 s of silence; a request sent into that moment fails, so we close first. */
const idleMs = 4_000
/** Where the server says (`Keep-Alive: timeout=…`) that it waits longer. */
const idleMaxMs = 60_000
/** After this long a connection is replaced, so that a name that has moved is followed. */
const maxAgeMs = 5 * 60_000
/** How long an origin whose kept connection failed under a request gets a new connection for each. */
const distrustMs = 5 * 60_000
/** Of an answer's headers, and of its trailers. */
export const responseHeadersCapBytes = 16 * 1024

export type Connection = {
  origin: string
  client: Client
  /** Null until it is open, and between a loss and the next request. */
  socket: Socket | null
  openedAtMs: number
  /** Set when the guard refused; the request then fails with any error. */
  refusal: Refusal | null
  cancelConnect: () => void
  isIdle: boolean
}

export class ConnectionPool {
  readonly #connect: Connect
  readonly #maxIdle: number
  /** Most recently used last; it is taken first, so that the others can grow old. */
  readonly #idleByOrigin = new Map<string, Connection[]>()
  /** All idle ones, longest idle first. */
  readonly #idle = new Set<Connection>()
  readonly #distrusted = new LRUCache<string, true>({ max: 10_000, ttl: distrustMs })
  #isClosed = false

  constructor(connect: Connect, maxIdle: number) {
    this.#connect = connect
    this.#maxIdle = maxIdle
  }

  /** A connection for one request: an idle one, or one that will open when the request is dispatched. */
  take(origin: string): Connection {
    const connection = this.#idleByOrigin.get(origin)?.at(-1)
    if (!connection) return this.#create(origin)
    this.#forget(connection)
    return connection
  }

  /** Gives back a connection whose answer has ended. */
  release(connection: Connection): void {
    const { socket, openedAtMs, origin } = connection
    const isWorn = performance.now() - openedAtMs > maxAgeMs
    // Bytes left to write: the server answered before it had read the body, and may never read the rest.
    const isUnfinished = !socket || socket.destroyed || socket.writableLength > 0
    if (this.#isClosed || isUnfinished || isWorn || this.#distrusted.has(origin)) {
      return this.discard(connection)
    }
    connection.isIdle = true
    this.#idle.add(connection)
    const siblings = this.#idleByOrigin.get(origin)
    if (siblings) siblings.push(connection)
    else this.#idleByOrigin.set(origin, [connection])
    if (this.#idle.size > this.#maxIdle) this.#discardOldest()
  }

  /** Closes a connection now, whatever it is doing. */
  discard(connection: Connection): void {
    if (connection.isIdle) this.#forget(connection)
    connection.cancelConnect()
    connection.socket?.destroy()
    // Calls back when the socket has gone; nobody waits for that.
    connection.client.destroy(null, () => {})
  }

  /**
   * For an origin that has closed a kept connection under a request. A server that closes after each answer
   * without saying so would fail every second request of a busy endpoint (measured: 49 %); so it fails one.
   */
  distrust(origin: string): void {
    this.#distrusted.set(origin, true)
    const siblings = this.#idleByOrigin.get(origin) ?? []
    while (siblings.length > 0) this.discard(siblings.at(-1)!)
  }

  /** Closes all idle connections; those in use are closed when they are given back. */
  close(): void {
    this.#isClosed = true
    for (const connection of this.#idle) this.discard(connection)
  }

  #discardOldest(): void {
    const [oldest] = this.#idle
    if (oldest) this.discard(oldest)
  }

  #forget(connection: Connection): void {
    connection.isIdle = false
    this.#idle.delete(connection)
    const siblings = this.#idleByOrigin.get(connection.origin)!
    if (siblings.at(-1) === connection) siblings.pop()
    else siblings.splice(siblings.indexOf(connection), 1)
    if (siblings.length === 0) this.#idleByOrigin.delete(connection.origin)
  }

  #create(origin: string): Connection {
    const client = new Client(origin, {
      connect: ({ hostname, port, protocol }, callback) => {
        const secure = protocol === 'https:'
        connection.socket = null
        connection.cancelConnect = this.#connect(
          { hostname, port: port === '' ? (secure ? 443 : 80) : Number(port), secure },
          {
            onOpen(socket) {
              readLeniently(socket, responseHeadersCapBytes)
              connection.socket = socket
              connection.openedAtMs = performance.now()
              callback(null, socket)
            },
            onRefused(refusal) {
              connection.refusal = refusal
              callback(new Error(refusal.detail), null)
            },
            onError: (error) => callback(error, null),
          },
        )
      },
      allowH2: false,
      pipelining: 1,
      // The exchange has one deadline of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMaxMs,
      maxHeaderSize: responseHeadersCapBytes,
    })
    const connection: Connection = {
      origin,
      client,
      socket: null,
      openedAtMs: 0,
      refusal: null,
      cancelConnect: () => {},
      isIdle: false,
    }
    client.on('disconnect', () => {
      if (connection.isIdle) this.discard(connection)
    })
    return connection
  }
}
