// The connections, one request at a time on each, and those kept open for the next request.
//
// Not undici's Agent or Pool: those own the connecting socket, so that a deadline that passes during connect could not
// close it, and they hand a connection on while the body of an early-answered request is still being written to it. A
// client does the HTTP; which one gets a request, and when it dies, is decided here.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { latestUsed } from '../../core/latest-used.ts'
import type { EndpointTls } from '../../core/endpoint-access.ts'
import type { Connect, ConnectTarget, Refusal } from './connect.ts'
import { H1Client } from './h1-client.ts'
import { H2Client } from './h2-client.ts'
import { NegotiatedClient } from './negotiated-client.ts'
import type { RequestClient } from './request-client.ts'
import { tlsKeyOf } from './tls.ts'

/** Many servers close at 5 s of silence; a request sent into that moment fails, so we close first. */
const idleMs = 4_000
/** Where the server says (`Keep-Alive: timeout=…`) that it waits longer. */
const idleMaxMs = 60_000
/** After this long a connection is replaced, so that a name that has moved is followed. */
const maxAgeMs = 5 * 60_000
/** How long an origin whose kept connections cannot be relied on gets a new connection for each. */
const distrustMs = 5 * 60_000
/** How often idle ones are looked through. */
const sweepMs = 500
/** Of an answer's headers, and of its trailers. As much as Python reads of one header; curl reads more. */
const responseHeadersCapBytes = 64 * 1024

type Opened = (error: Error | null, socket: Socket | null) => void

export type Connection = {
  /** What it can be used for again: the origin, and the certificates that it was made with. */
  pooledAs: string
  client: RequestClient
  /** Null until it is open, and between a loss and the next request. */
  socket: Socket | null
  openedAtMs: number
  /** Of the pool, when its address was asked for. */
  generation: number
  /** When it is closed, if no request comes. */
  idleUntilMs: number
  /** Set when the guard refused; the request then fails with any error. */
  refusal: Refusal | null
  cancelConnect: () => void
  isIdle: boolean
}

export class ConnectionPool {
  readonly #connect: Connect
  readonly #maxIdle: number
  readonly #mayUseH2: boolean
  /** Most recently used last; it is taken first, so that the others can grow old. */
  readonly #idleByTarget = new Map<string, Connection[]>()
  /** All idle ones, longest idle first. */
  readonly #idle = new Set<Connection>()
  readonly #distrusted = latestUsed<string, true>(10_000, distrustMs)
  /** Another one after `renew`. */
  #generation = 0
  #isClosed = false
  #sweeper: NodeJS.Timeout | undefined

  constructor(connect: Connect, maxIdle: number, mayUseH2 = false) {
    this.#mayUseH2 = mayUseH2
    this.#connect = connect
    this.#maxIdle = maxIdle
  }

  /** A connection for one request: an idle one, or one that will open when the request is dispatched. */
  take(origin: string, tls?: EndpointTls): Connection {
    const pooledAs = tls === undefined ? origin : `${origin} ${tlsKeyOf(tls)}`
    const nowMs = performance.now()
    for (;;) {
      const connection = this.#idleByTarget.get(pooledAs)?.at(-1)
      if (!connection) return this.#create(origin, pooledAs, tls)
      this.#forget(connection)
      if (connection.idleUntilMs > nowMs && connection.client.isUsable) return connection
      this.discard(connection)
    }
  }

  /** Gives back a connection whose answer has ended. */
  release(connection: Connection): void {
    const { client, openedAtMs, pooledAs, generation } = connection
    const nowMs = performance.now()
    const isWorn = generation !== this.#generation || nowMs - openedAtMs > maxAgeMs
    if (this.#isClosed || !client.isUsable || isWorn || this.#distrusted.has(pooledAs))
      return this.discard(connection)
    connection.idleUntilMs = nowMs + client.idleMs
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs)
    connection.isIdle = true
    this.#idle.add(connection)
    const siblings = this.#idleByTarget.get(pooledAs)
    if (siblings) siblings.push(connection)
    else this.#idleByTarget.set(pooledAs, [connection])
    if (this.#idle.size > this.#maxIdle) this.#discardOldest()
  }

  /** Closes a connection now, whatever it is doing. */
  discard(connection: Connection): void {
    if (connection.isIdle) this.#forget(connection)
    connection.cancelConnect()
    connection.socket?.destroy()
    connection.client.destroy()
  }

  /**
   * Closes the connection of a request that is given up, without what the kernel still holds of it. After a plain close
   * the kernel goes on sending: where the network was away, the request reached its receiver when it was back, after
   * later messages of the same ordering key that another node had sent meanwhile. With TLS the close stays a plain one:
   * Node offers no reset of a TLSSocket, and one of the socket below it crashed the process (24.21, HTTP/2).
   */
  abandon(connection: Connection): void {
    const { socket } = connection
    if (socket && !socket.destroyed && !(socket instanceof TLSSocket)) socket.resetAndDestroy()
    this.discard(connection)
  }

  /**
   * For a target that has closed a kept connection under a request. A server that closes after each answer
   * without saying so would fail every second request of a busy endpoint (measured: 49 %); so it fails one. And for one
   * that answers what nobody asked: the next request would be taken for delivered by the answer to the one before.
   */
  distrust({ pooledAs }: Connection): void {
    this.#distrusted.set(pooledAs, true)
    const siblings = this.#idleByTarget.get(pooledAs) ?? []
    while (siblings.length > 0) this.discard(siblings.at(-1)!)
  }

  /** Closes all idle connections; those in use are closed when they are given back. */
  close(): void {
    this.#isClosed = true
    this.renew()
    clearInterval(this.#sweeper)
  }

  /** No connection that there is now gets another request: idle ones are closed, others when they are given back. */
  renew(): void {
    this.#generation += 1
    for (const connection of this.#idle) this.discard(connection)
  }

  /** Closes what has been idle for too long. */
  #sweep(): void {
    const nowMs = performance.now()
    for (const connection of this.#idle)
      if (connection.idleUntilMs <= nowMs) this.discard(connection)
    if (this.#idle.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #discardOldest(): void {
    const [oldest] = this.#idle
    if (oldest) this.discard(oldest)
  }

  #forget(connection: Connection): void {
    connection.isIdle = false
    this.#idle.delete(connection)
    const siblings = this.#idleByTarget.get(connection.pooledAs)!
    if (siblings.at(-1) === connection) siblings.pop()
    else siblings.splice(siblings.indexOf(connection), 1)
    if (siblings.length === 0) this.#idleByTarget.delete(connection.pooledAs)
  }

  #create(origin: string, pooledAs: string, tls: EndpointTls | undefined): Connection {
    // Its client comes below, once there is what that reports to.
    const connection = {
      pooledAs,
      socket: null,
      openedAtMs: 0,
      generation: 0,
      idleUntilMs: 0,
      refusal: null,
      cancelConnect: () => {},
      isIdle: false,
    } as Omit<Connection, 'client'> as Connection
    const { host, hostname, port, protocol } = new URL(origin)
    const secure = protocol === 'https:'
    const mayUseH2 = secure && this.#mayUseH2
    const target: ConnectTarget = {
      // An IPv6 address without its brackets.
      hostname: hostname.replaceAll(/^\[|\]$/g, ''),
      port: port === '' ? (secure ? 443 : 80) : Number(port),
      secure,
      tls,
      mayUseH2,
      intoBuffer: true,
    }
    const open = (done: Opened, to: ConnectTarget = target): void => {
      connection.socket = null
      connection.generation = this.#generation
      connection.cancelConnect = this.#connect(to, {
        onOpen(socket) {
          connection.socket = socket
          connection.openedAtMs = performance.now()
          done(null, socket)
        },
        onRefused(refusal) {
          connection.refusal = refusal
          done(new Error(refusal.detail), null)
        },
        onError: (error) => done(error, null),
      })
    }
    const onClosed = (): void => {
      if (connection.isIdle) this.discard(connection)
    }
    const h1 = (by: (done: Opened) => void): H1Client =>
      new H1Client({
        host,
        open: by,
        onClose: onClosed,
        onUnasked: () => this.distrust(connection),
        headCapBytes: responseHeadersCapBytes,
        idleMs,
        idleMaxMs,
      })
    connection.client = mayUseH2
      ? new NegotiatedClient({
          open(events) {
            open((error, socket) => (socket ? events.onOpen(socket) : events.onError(error!)))
            return () => connection.cancelConnect()
          },
          // Once it speaks HTTP/1.1 it goes on so, whatever another machine behind the name would rather speak.
          h1: (socket) =>
            h1(handOver(socket, (done) => open(done, { ...target, mayUseH2: false }))),
          h2: (socket) => new H2Client(origin, socket, idleMs, onClosed),
        })
      : h1(open)
    return connection
  }
}

/** The socket that is open already, and after it new ones. */
function handOver(socket: Socket, open: (done: Opened) => void): (done: Opened) => void {
  let first: Socket | undefined = socket
  return (done) => {
    const ready = first
    first = undefined
    if (ready) done(null, ready)
    else open(done)
  }
}
