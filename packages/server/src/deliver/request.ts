import { createHash } from 'node:crypto'
import { iso } from '../core/clock.ts'
import type { Destination, Envelope } from '../core/destination.ts'
import { authorizationOf } from '../core/endpoint-access.ts'
import type { Endpoint } from '../core/endpoint.ts'
import { showId } from '../core/id.ts'
import type { Message } from '../core/message.ts'
import { omitLarge } from '../core/oversize.ts'
import { payloadValue } from '../core/raw-payload.ts'
import type { PayloadPart } from '../core/payload-link.ts'
import { withPath } from '../core/url-path.ts'
import type { OutgoingEvent } from '../dialects/contract/delivery.ts'
import type { DeliveryDialect } from '../dialects/contract/delivery.ts'
import type { Claim } from '../queue/queue.ts'
import type { SendRequest } from './send/send.ts'
import { say } from '../core/sentences/sentences.ts'

/** A claim, and what a transformation made of its parts; a part that is null or absent is as it was. */
export interface Changed {
  claim: Claim
  payload?: string | null
  headers?: Record<string, string> | null
  path?: string | null
}

/** This Pombo as receivers see it. */
export interface Server {
  url: string
  /** The address of a part of a payload that was too large to send. */
  linkTo: (part: PayloadPart, expiresAtMs: number) => string
}

/** Links to payloads end this long after the message; by then it has been delivered or given up. */
const linkMs = 7 * 86_400_000

/** `to`: where it goes instead of the URL. */
type Request = SendRequest & { body: string; to?: Envelope }

/** The request for one claim, as it will be signed and sent. Pure. */
export function requestOf(
  changed: Changed,
  dialect: DeliveryDialect,
  nowMs: number,
  server: Server,
): Request {
  const { endpoint } = changed.claim
  const event = eventOf(changed, nowMs, server)
  const body = dialect.format(event, endpoint)
  const url = dialect.url?.(event, endpoint) ?? endpoint.url
  return {
    url: changed.path == null ? url : withPath(url, changed.path),
    headers: headersOf(changed, dialect, event, body),
    body,
    timeoutMs: endpoint.timeoutMs ?? dialect.timeoutMs,
    ...reachOf(changed.claim, event),
  }
}

/**
 * One request for several claims: an array of `{id, eventType, timestamp, payload}`, where `payload` is what the
 * dialect would have sent alone. It is signed under an id of its own, which is the same for the same events, so that
 * a repeat can be told. Pure.
 */
export function batchRequest(
  changed: readonly Changed[],
  dialect: DeliveryDialect,
  nowMs: number,
  server: Server,
): Request {
  const first = changed[0]!
  const { endpoint } = first.claim
  const events = changed.map((one) => eventOf(one, nowMs, server))
  const items = events.map((event) => {
    const head = JSON.stringify({
      id: event.messageId,
      eventType: event.message.eventType,
      timestamp: iso(event.message.createdAtMs),
    })
    return `${head.slice(0, -1)},"payload":${dialect.format(event, endpoint)}}`
  })
  const id = `batch_${createHash('sha256')
    .update(events.map((event) => event.messageId).join(' '))
    .digest('hex')
    .slice(0, 26)}`
  const body = `[${items.join(',')}]`
  const whole = { ...events[0]!, messageId: id }
  return {
    url: endpoint.url,
    headers: headersOf(first, dialect, whole, body),
    body,
    timeoutMs: endpoint.timeoutMs ?? dialect.timeoutMs,
    ...reachOf(first.claim, whole),
  }
}

/**
 * The destination that it goes to instead of the URL; or what the connection is made with, and the token that is to be
 * had before the request can leave.
 */
function reachOf(
  claim: Claim,
  event: OutgoingEvent,
): Pick<SendRequest, 'tls' | 'token'> & { to?: Envelope } {
  const { id, auth, tls, destination } = claim.endpoint
  if (destination !== null) return { to: envelopeOf(claim, destination, event) }
  return {
    ...(tls && { tls }),
    ...(auth?.type === 'oauth2' && { token: { endpointId: id, from: auth } }),
  }
}

function envelopeOf(
  { endpoint, message, deliveryId }: Claim,
  destination: Destination,
  event: OutgoingEvent,
): Envelope {
  return {
    destination,
    tls: endpoint.tls,
    tenantId: message.tenantId,
    appId: message.appId,
    endpointId: endpoint.id,
    deliveryId,
    messageId: message.id,
    attempt: event.attempt,
    id: event.messageId,
    eventType: message.eventType,
    app: event.app.uid ?? event.app.id,
    orderingKey: message.orderingKey,
  }
}

function eventOf({ claim, payload }: Changed, nowMs: number, server: Server): OutgoingEvent {
  const message = fitted(
    claim,
    payload == null ? claim.message : { ...claim.message, payload, contentType: null, form: null },
    server,
  )
  let parsed: { payload: unknown } | undefined
  return {
    message,
    payload: () => (parsed ??= { payload: payloadValue(message) }).payload,
    app: { id: showId('app', claim.app.id), uid: claim.app.uid, name: claim.app.name },
    messageId: showId('message', message.id),
    deliveryId: showId('delivery', claim.deliveryId),
    attempt: claim.attempt + 1,
    nowMs,
    serverUrl: server.url,
  }
}

/** The message with members taken out that are too large for the endpoint, where it asked for links instead. */
function fitted({ endpoint }: Claim, message: Message, server: Server): Message {
  const { oversize } = endpoint
  if (
    oversize?.action !== 'link' ||
    message.payload === null ||
    message.contentType != null ||
    message.payload.length <= oversize.maxBytes / 4
  )
    return message
  const expiresAtMs = message.createdAtMs + linkMs
  const payload = omitLarge(message.payload, oversize.maxBytes, (pointer) =>
    server.linkTo({ appId: message.appId, messageId: message.id, pointer }, expiresAtMs),
  )
  return { ...message, payload }
}

/**
 * A raw payload keeps its content type where it leaves as it came: in a batch and in a dialect's envelope it is a
 * part of JSON.
 */
function contentTypeOf({ claim, payload }: Changed, dialect: DeliveryDialect): string {
  const isRaw = dialect.takesAnyText && claim.endpoint.batch === null && payload == null
  return (isRaw ? claim.message.contentType : null) ?? 'application/json'
}

/** Why a payload that was sent in raw cannot be sent to its endpoint; undefined: it can. */
export function rawProblem(
  { claim, payload }: Changed,
  dialect: DeliveryDialect,
): string | undefined {
  const { message, endpoint } = claim
  if (message.contentType == null || payload != null) return undefined
  if (dialect.takesAnyText && endpoint.batch === null) return undefined
  if (payloadValue(message) !== undefined) return undefined
  const { contentType: type } = message
  return endpoint.batch === null
    ? say('not_sent_raw_format', { type, dialect: dialect.name })
    : say('not_sent_raw_batch', { type })
}

/**
 * Names in lower case, so that none goes out twice. What others add never replaces the content type or what is
 * signed.
 */
function headersOf(
  changed: Changed,
  dialect: DeliveryDialect,
  event: OutgoingEvent,
  body: string,
): Record<string, string> {
  const { claim, headers } = changed
  const { endpoint } = claim
  const secrets = endpoint.secrets
    .filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > event.nowMs)
    .map(({ secret }) => secret)
  const all: Record<string, string> = {}
  for (const part of [
    dialect.headers(event, endpoint),
    endpoint.headers,
    headers ?? {},
    authorization(endpoint),
    { 'content-type': contentTypeOf(changed, dialect) },
    dialect.sign(event, endpoint, body, secrets),
  ]) {
    for (const name in part) all[name.toLowerCase()] = part[name]!
  }
  return all
}

function authorization({ auth }: Endpoint): Record<string, string> {
  if (auth === null || auth.type === 'oauth2') return {}
  return { authorization: authorizationOf(auth) }
}
