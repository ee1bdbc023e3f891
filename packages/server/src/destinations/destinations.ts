/**
 * Where messages go that are not POSTed: brokers, databases and feeds. One folder a kind, one contract
 * (contract/kind.ts).
 *
 * It promises what the HTTP sender promises: every send ends in an outcome and within its deadline, nothing goes to an
 * address that the guard refuses, one endpoint's trouble costs another nothing, and `delivered` means that the other
 * side has confirmed it. A client library is loaded by the first endpoint that needs it.
 */
import type { Destination, Envelope } from '../core/destination.ts'
import type { EndpointTls } from '../core/endpoint-access.ts'
import { type Coded, type FieldCode, refusedAddress } from '../core/field-problem.ts'
import type { Outcome } from '../core/outcome.ts'
import { LibraryMissing } from '../core/optional-library.ts'
import { Connections } from './connections.ts'
import { Declined } from './contract/declined.ts'
import type { Connection, Item } from './contract/kind.ts'
import { type Network, Refused } from './contract/network.ts'
import { kindOf } from './kinds.ts'
import { unmaskedDestination } from './shown.ts'
import { deliveredOutcome, explained, failedOutcome, timedOutOutcome } from './outcome.ts'
import { because } from '../core/sentences/sentences.ts'

export interface DestinationRequest {
  to: Envelope
  headers: Record<string, string>
  body: string | Buffer
  /** From the call to the confirmation, connecting included. */
  timeoutMs: number
  /** Ends it early, as `unreachable` with reason `aborted`. */
  signal?: AbortSignal | undefined
  /** Asked when the connection is open, right before the message goes out. False: nothing is sent. */
  mayStart?: (() => boolean) | undefined
}

export interface Destinations {
  /** Never rejects for anything the other side or the network does. */
  send(request: DestinationRequest): Promise<Outcome>
  /** Connects for real, and looks whether what the settings name is there. */
  problemOf(
    destination: Destination,
    tls: EndpointTls | null,
  ): Promise<{ field: string; problem: string | Coded } | undefined>
  close(): Promise<void>
}

export interface DestinationsOptions {
  network: Network
  version: string
  /** Connections of this node, default 500. */
  mostConnections?: number
  idleMs?: number
}

const openMs = 10_000
/** How long a caller waits to hear what is wrong with settings. */
export const trialMs = 10_000

const inTheClear = new Refused({
  allowed: false,
  reason: 'scheme',
  detail: 'unencrypted connections are refused here; use TLS, or set POMBO_HTTPS_ONLY=false',
})

/** Waited for longer than may be. */
class TooLate extends Error {
  constructor(ms: number) {
    super(`there was no answer within ${ms / 1_000} s`)
  }
}
class Aborted extends Error {}
/** The lease is gone; nothing was sent. */
class Withheld extends Error {}

export function createDestinations({
  network,
  version,
  mostConnections = 500,
  idleMs = 60_000,
}: DestinationsOptions): Destinations {
  const connections = new Connections({
    most: mostConnections,
    idleMs,
    openMs,
    now: () => performance.now(),
  })
  const clientName = `Pombo ${version}`
  const open =
    (destination: Destination, tls: EndpointTls | null) => async (signal: AbortSignal) => {
      const kind = kindOf(destination)
      if (network.encryptedOnly() && !kind.isEncrypted(destination)) throw inTheClear
      return await kind.open(destination, { network, tls, clientName, signal })
    }

  async function send(request: DestinationRequest): Promise<Outcome> {
    const { to, timeoutMs, signal, mayStart } = request
    const startedAt = performance.now()
    const elapsed = () => Math.round(performance.now() - startedAt)
    const { destination, tls } = to
    const settings = JSON.stringify([destination, tls])
    const lease = connections.take(to.endpointId, settings, open(destination, tls))
    if (!lease) {
      const detail = `this node has ${mostConnections} connections to destinations open, all in use`
      return { kind: 'unreachable', reason: 'local', detail, durationMs: 0 }
    }
    let phase: 'connect' | 'headers' = 'connect'
    let trusted = true
    let over = false
    try {
      const said = await within(timeoutMs, signal, async () => {
        const connection = await lease.connection
        // Not after it has been told that it timed out: it is tried again then.
        if (over || mayStart?.() === false) throw new Withheld()
        phase = 'headers'
        return await connection.send(itemOf(request))
      })
      return deliveredOutcome(said, elapsed())
    } catch (error) {
      if (error instanceof TooLate) {
        trusted = phase === 'connect'
        return timedOutOutcome(phase, elapsed())
      }
      if (error instanceof Aborted || error instanceof Withheld) {
        const detail = 'the delivery was ended before it was confirmed'
        return { kind: 'unreachable', reason: 'aborted', detail, durationMs: elapsed() }
      }
      return failedOutcome(error, elapsed())
    } finally {
      over = true
      lease.release(trusted)
    }
  }

  async function problemOf(destination: Destination, tls: EndpointTls | null) {
    const unfit = kindOf(destination).problem?.(destination)
    if (unfit) return unfit
    const giveUp = new AbortController()
    let connection: Promise<Connection> | undefined
    try {
      await within(trialMs, undefined, async () => {
        connection = open(destination, tls)(giveUp.signal)
        await (await connection).verify()
      })
      return undefined
    } catch (error) {
      return problemIn(error)
    } finally {
      giveUp.abort()
      void connection?.then(
        async (opened) => await opened.close(),
        () => {},
      )
    }
  }

  return { send, problemOf, close: async () => await connections.close() }
}

function itemOf({ to, headers, body }: DestinationRequest): Item {
  return { envelope: to, headers, body: typeof body === 'string' ? Buffer.from(body) : body }
}

/** Does the work, or rejects when it takes too long or is aborted; the work then ends by itself. */
export async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new TooLate(ms)), ms)
  const abort = () => reject(new Aborted())
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, work()])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/** Which setting is at fault, and why, in words for whoever gave it. */
export function problemIn(error: unknown): { field: string; problem: Coded } {
  const at = (field: string, msg: string, code: FieldCode, detail = msg) => ({
    field,
    problem: { msg, code, values: { detail }, ...because(detail) },
  })
  if (error instanceof Declined) return at(error.field, error.message, `declined_${error.reason}`)
  if (error instanceof Refused) return { field: 'url', problem: refusedAddress(error.permission) }
  if (error instanceof LibraryMissing) return at('type', error.message, 'library_missing')
  if (error instanceof TooLate) return at('url', error.message, 'unreachable_timeout')
  const { reason, detail } = explained(error)
  return at('url', `cannot be connected to: ${detail}`, `unreachable_${reason}`, detail)
}

/** What the registry asks of an endpoint's destination. */
export function destinationRules({ problemOf }: Pick<Destinations, 'problemOf'>) {
  return {
    unmasked: unmaskedDestination,
    address: (destination: Destination) => kindOf(destination).address(destination),
    problemOf,
  }
}
