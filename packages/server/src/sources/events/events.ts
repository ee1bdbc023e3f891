/**
 * Events in Pombo's own words, for those who send them by a broker, or by HTTP with a source's token: the body of
 * POST …/msg; or, as Pombo's own destinations write, the payload alone with its type in the header `pombo-event-type`.
 */
import { memberText } from '../../core/json.ts'
import type { GatewayRequest, GatewaySource, Parsed, PlainMessage } from '../gateway/gateway.ts'
import { type PlainEvent, readPlainEvent } from '../gateway/plain-event.ts'
import { jsonValue, notUnderstood } from '../gateway/request.ts'
import { verifySecret } from '../gateway/signature.ts'

const secretHeader = 'x-webhook-secret'

export const events: GatewaySource = {
  name: 'events',
  strict: true,
  absent: `the header ${secretHeader} is missing`,
  verify: async (request, secret) => verifySecret(request.headers[secretHeader], secret),
  parse: async (request) => parse(request),
}

function parse(request: GatewayRequest): Parsed {
  const text = request.rawBody.toString()
  const value = jsonValue(request.rawBody)
  if (value === undefined) return notUnderstood(request, 'it is not JSON')
  const { headers } = request
  const eventType = headers['pombo-event-type']
  const read =
    eventType === undefined
      ? readPlainEvent(value, memberText(text, 'payload'))
      : readPlainEvent(
          {
            eventType,
            eventId: headers['pombo-event-id'],
            orderingKey: headers['pombo-ordering-key'],
          },
          text,
        )
  if (!read.ok) return notUnderstood(request, read.problem)
  return { outcome: 'messages', session: request.session, messages: [messageOf(read.event)] }
}

function messageOf(event: PlainEvent): PlainMessage {
  const { eventId } = event
  return {
    ...event,
    orderingKey: event.orderingKey ?? null,
    ...(eventId !== null && { dedupe: { key: `events|${eventId}` } }),
  }
}
