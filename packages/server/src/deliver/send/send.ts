// The sender: one HTTP request per call, and an `Outcome` for whatever the other side does.
//
// What it promises: the whole exchange (DNS, connect, TLS, request, answer) has one deadline, after which the slot is
// free at once, without waiting for anybody; nothing goes to an address the guard refuses (promise P6); redirects are
// not followed, and nothing is decompressed, retried or read beyond its caps; one origin's trouble costs another
// origin nothing.
//
//   ../guard/guard.ts   may this URL, and this address, be sent to
//   connect.ts          resolve, ask the guard, open TCP and TLS, straight or through a proxy (egress.ts, proxy.ts)
//   connection-pool.ts  the connections kept open for the next request
//   exchange.ts         one request and its answer, against the deadline
import { latestUsed } from '../../core/latest-used.ts'
import type { Egress } from '../../core/egress.ts'
import type { ClientCredentials, EndpointTls } from '../../core/endpoint-access.ts'
import type { Outcome } from '../../core/outcome.ts'
import { createGuard, type Guard, type GuardOptions } from '../guard/guard.ts'
import { createConnect } from './connect.ts'
import { type ExchangeLimits, Exchange } from './exchange.ts'
import { ConnectionPool } from './connection-pool.ts'

export type SendRequest = {
  url: string
  method?: 'POST'
  /** As they go out. `host`, `content-length` and `connection` are added; `user-agent` when absent. */
  headers: Record<string, string>
  /** Sent byte for byte; a string as UTF-8. */
  body: string | Buffer
  /** From the call to the last byte of the answer. */
  timeoutMs: number
  /** Ends the exchange early, as `unreachable` with reason `aborted`. */
  signal?: AbortSignal | undefined
  /**
   * Asked right before the first byte is written, which may be long after the call where a connection had to be
   * opened. False ends the exchange with nothing sent, as `unreachable` with reason `aborted`.
   */
  mayStart?: (() => boolean) | undefined
  /** Certificates of this request's connection, instead of those of all. */
  tls?: EndpointTls
  /** Of the answer's body; default the sender's. */
  keptBytes?: number
  /** What token goes along; see oauth/token-sender.ts, which asks for it. The sender itself does not look here. */
  token?: { endpointId: string; from: ClientCredentials }
}

export type SenderOptions = Partial<GuardOptions> & {
  /** Instead of one made of the options, which by default lets public addresses through. */
  guard?: Guard | undefined
  /** Default: straight. */
  egress?: Egress | undefined
  userAgent: string
  /** How much of a response body is kept as `response`. Default 16 KiB. */
  responseKeptBytes?: number
  /** How much of a response body is read before the connection is closed; at least what is kept. Default 64 KiB. */
  responseCapBytes?: number
  /** Connections without a request, over all origins; the one longest idle is closed first. Default 1,024. */
  maxIdleConnections?: number
}

export type Sender = {
  /** Never rejects for anything the remote side, the network or the request does; rejects only after `close`. */
  send(request: SendRequest): Promise<Outcome>
  /** Takes no more requests, lets those in flight end (their deadlines bound it), closes all connections. */
  close(): Promise<void>
}

type Target = { origin: string; path: string } | { refusal: Extract<Outcome, { kind: 'blocked' }> }

/** Throws when `allowSubnets` holds something that is not a network. */
export function createSender(options: SenderOptions): Sender {
  const { allowSubnets = [], httpsOnly = false, lookup } = options
  const guard = options.guard ?? createGuard({ allowSubnets, httpsOnly, lookup })
  const pool = new ConnectionPool(
    createConnect(guard, options.egress),
    options.maxIdleConnections ?? 1024,
    options.egress?.http2,
  )
  const keptBytes = options.responseKeptBytes ?? 16 * 1024
  const capBytes = Math.max(options.responseCapBytes ?? 64 * 1024, keptBytes)
  const limits: ExchangeLimits = { keptBytes, capBytes }
  // Parsing and judging a URL costs as much as the rest of a send's bookkeeping, and the same few come again and again.
  const targets = latestUsed<string, Target>(5_000)
  let rules = guard.rules()
  let inFlight = 0
  let closing: PromiseWithResolvers<void> | null = null

  function targetOf(text: string): Target {
    if (guard.rules() !== rules) {
      rules = guard.rules()
      targets.clear()
      // They may lead to where nothing may go any more.
      pool.renew()
    }
    const known = targets.get(text)
    if (known) return known
    const permission = guard.checkUrl(text)
    let target: Target
    if (permission.allowed) {
      const url = new URL(text)
      target = { origin: url.origin, path: url.pathname + url.search }
    } else {
      const { reason, detail } = permission
      target = { refusal: { kind: 'blocked', reason, detail, durationMs: 0 } }
    }
    targets.set(text, target)
    return target
  }

  function headersOf(headers: Record<string, string>): string[] {
    const list: string[] = []
    let hasAgent = false
    for (const name in headers) {
      list.push(name, headers[name]!)
      if (name.length === 10 && name.toLowerCase() === 'user-agent') hasAgent = true
    }
    if (!hasAgent) list.push('user-agent', options.userAgent)
    return list
  }

  function send(request: SendRequest): Promise<Outcome> {
    if (closing) return Promise.reject(new Error('the sender is closed'))
    const target = targetOf(request.url)
    if ('refusal' in target) return Promise.resolve(target.refusal)
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    inFlight += 1
    const finish = (outcome: Outcome) => {
      inFlight -= 1
      if (inFlight === 0) closing?.resolve()
      resolve(outcome)
    }
    const { keptBytes: ownKeptBytes } = request
    const ownLimits = ownKeptBytes === undefined ? limits : { keptBytes: ownKeptBytes, capBytes }
    const connection = pool.take(target.origin, request.tls)
    const exchange = new Exchange(pool, connection, ownLimits, finish)
    exchange.start(
      {
        path: target.path,
        method: request.method ?? 'POST',
        headers: headersOf(request.headers),
        body: request.body,
      },
      request.timeoutMs,
      request.signal,
      request.mayStart,
    )
    return promise
  }

  async function close(): Promise<void> {
    closing ??= Promise.withResolvers()
    if (inFlight === 0) closing.resolve()
    await closing.promise
    pool.close()
  }

  return { send, close }
}
