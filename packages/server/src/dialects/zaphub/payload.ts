/** The envelope `{event, sessionId, payload, timestamp, deliveryId}` and the headers that repeat three of its members. */
import { iso } from '../../core/clock.ts'
import { memberText } from '../../core/json.ts'
import { applyByType, isFallback, readEvent } from '../../whatsapp/whatsapp.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import { payloads } from './data.ts'
import { eventName } from './events.ts'
import { deliveryIdOf } from './job.ts'

/** The body, as it is signed and sent. */
export function body(event: OutgoingEvent): string {
  const { message } = event
  const name = JSON.stringify(eventName(message.eventType))
  const sessionId = JSON.stringify(sessionOf(event))
  // ZapHub writes the time of sending; Pombo the time it took the event, so that a repeat has the same bytes.
  const timestamp = JSON.stringify(iso(message.createdAtMs))
  return `{"event":${name},"sessionId":${sessionId},"payload":${payloadText(event)},"timestamp":${timestamp},"deliveryId":${JSON.stringify(deliveryIdOf(event))}}`
}

export function headers(event: OutgoingEvent): Record<string, string> {
  return {
    'User-Agent': 'ZapHub-Webhook/1.0',
    'X-ZapHub-Event': printable(eventName(event.message.eventType)),
    'X-ZapHub-Session': printable(sessionOf(event)),
    'X-ZapHub-Delivery': printable(deliveryIdOf(event)),
  }
}

function sessionOf(event: OutgoingEvent): string {
  const { message, app } = event
  const own = message.form === 'whatsapp' ? readEvent(event.payload()).session : ''
  return own || (app.uid ?? app.id)
}

/** As text, so that what passes through (a `raw_media` among it) keeps every digit. */
function payloadText(event: OutgoingEvent): string {
  const payload = event.message.payload ?? 'null'
  if (event.message.form !== 'whatsapp') return payload
  const whatsapp = readEvent(event.payload())
  if (isFallback(whatsapp)) return memberText(memberText(payload, 'raw') ?? '{}', 'event') ?? 'null'
  const data = applyByType(payloads, whatsapp)
  if (data !== undefined) return JSON.stringify(data)
  // ZapHub has no word for it: the canonical event itself, which looks the same from every gateway.
  const { raw: _, ...own } = whatsapp
  return JSON.stringify(own)
}

/** Names are chosen by users; what a header cannot hold is percent-encoded, in the body it stands as it is. */
function printable(text: string): string {
  return /^[!-~]+( [!-~]+)*$/.test(text) ? text : encodeURIComponent(text.toWellFormed())
}
