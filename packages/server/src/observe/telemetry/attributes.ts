/**
 * What spans say of themselves, in the words of OpenTelemetry's semantic conventions for HTTP and messaging; what these
 * have no word for begins with `pombo.`. No payload, no header, no ordering key (it may be a person's number), and of
 * URLs nothing that opens them.
 */
import type { Attributes, HrTime } from '@opentelemetry/api'
import { PomboError } from '../../core/error.ts'
import { withoutKeys } from '../../core/hidden-keys.ts'
import { showId } from '../../core/id.ts'
import type { Message } from '../../core/message.ts'
import { type Outcome, statusCodeOf } from '../../core/outcome.ts'
import type { AttemptSpan, TracedDelivery } from '../../core/trace.ts'

/** A request that came in. */
export interface RequestFacts {
  method: string
  /** As it is mounted: the path itself may hold a key. */
  route: string
  scheme: string
  host: string | undefined
  client: string
  agent: string | undefined
  id: string
}

export function requestAttributes(request: RequestFacts): Attributes {
  const { host, agent } = request
  return {
    'http.request.method': request.method,
    'http.route': request.route,
    'url.scheme': request.scheme,
    ...(host !== undefined && { 'server.address': host }),
    'client.address': request.client,
    ...(agent !== undefined && { 'user_agent.original': agent }),
    'pombo.request.id': request.id,
  }
}

export function acceptAttributes(message: Message, payloadBytes: number): Attributes {
  return {
    'messaging.system': 'pombo',
    'messaging.operation.name': 'accept',
    'messaging.operation.type': 'send',
    'messaging.destination.name': showId('app', message.appId),
    'messaging.message.body.size': payloadBytes,
    ...ofMessage(message),
  }
}

export function queueAttributes({ message, endpoint, attempt }: TracedDelivery): Attributes {
  return {
    'messaging.system': 'pombo',
    'messaging.operation.name': 'queue',
    'messaging.destination.name': showId('endpoint', endpoint.id),
    'pombo.attempt': attempt + 1,
    ...ofMessage(message),
  }
}

export function attemptAttributes(deliveries: readonly TracedDelivery[]): Attributes {
  const [{ message, endpoint, attempt }] = deliveries as [TracedDelivery]
  const { destination } = endpoint
  const several = deliveries.length > 1
  return {
    'messaging.system': destination === null ? 'pombo' : systemOf(destination.type),
    'messaging.operation.name': 'deliver',
    'messaging.operation.type': destination === null ? 'process' : 'send',
    'messaging.destination.name': showId('endpoint', endpoint.id),
    'pombo.dialect': endpoint.dialect,
    'pombo.attempt': attempt + 1,
    ...(several
      ? {
          'messaging.batch.message_count': deliveries.length,
          'pombo.tenant': showId('tenant', message.tenantId),
          'pombo.app': showId('app', message.appId),
        }
      : ofMessage(message)),
    ...(destination === null && {
      'http.request.method': 'POST',
      ...addressOf(endpoint.url),
      ...(attempt > 0 && { 'http.request.resend_count': attempt }),
    }),
  }
}

export function outcomeAttributes(
  outcome: Outcome,
  { requestBytes, verdict }: Parameters<AttemptSpan['end']>[1],
): Attributes {
  const status = statusCodeOf(outcome)
  return {
    'http.request.body.size': requestBytes,
    ...(status !== null && { 'http.response.status_code': status }),
    ...(outcome.kind !== 'delivered' && { 'error.type': errorTypeOfOutcome(outcome) }),
    'pombo.outcome': outcome.kind,
    'pombo.verdict': verdict,
  }
}

/** As the conventions ask: the status where there was an answer, else a word of which there are few. */
export function errorTypeOfOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'delivered':
    case 'refused':
      return String(outcome.statusCode)
    case 'timed-out':
      return 'timeout'
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return outcome.reason
  }
}

export function errorTypeOf(error: unknown): string {
  if (error instanceof PomboError) return error.code
  return error instanceof Error ? error.name : '_OTHER'
}

/** Where a request goes; nothing where the URL is none, as that of a transformation may be. */
export function addressOf(text: string): Attributes & { 'server.address'?: string } {
  if (!URL.canParse(text)) return {}
  const { protocol, hostname, port } = new URL(text)
  return {
    'url.full': withoutKeys(text),
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  }
}

function ofMessage(message: Message): Attributes {
  return {
    'messaging.message.id': showId('message', message.id),
    'pombo.event.type': message.eventType,
    'pombo.tenant': showId('tenant', message.tenantId),
    'pombo.app': showId('app', message.appId),
  }
}

/** The conventions' own words for systems. */
function systemOf(type: string): string {
  return type === 'postgres' ? 'postgresql' : type
}

/** Not as a number: the SDK takes those of before its process began for something else. */
export function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000)
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)]
}
