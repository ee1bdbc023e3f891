/**
 * The envelope `{event, sessionId, payload, timestamp, deliveryId}` and the headers that repeat three of its
 * members.
 */
import { iso } from '../../core/clock.ts'
import type { Secret } from '../../core/secret.ts'
import { applyByType, isFallback, readEvent } from '../../whatsapp/whatsapp.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import { canonicalText, rawEventText } from '../contract/event-text.ts'
import { hmacHeader } from '../contract/hex-hmac.ts'
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
  const deliveryId = JSON.stringify(deliveryIdOf(event))
  const head = `{"event":${name},"sessionId":${sessionId},"payload":${payloadText(event)}`
  return `${head},"timestamp":${timestamp},"deliveryId":${deliveryId}}`
}

export function headers(event: OutgoingEvent): Record<string, string> {
  return {
    'User-Agent': 'ZapHub-Webhook/1.0',
    'X-ZapHub-Event': printable(eventName(event.message.eventType)),
    'X-ZapHub-Session': printable(sessionOf(event)),
    'X-ZapHub-Delivery': printable(deliveryIdOf(event)),
  }
}

/** The document has no signature (it is on its list of things to come): none without a secret. */
export function signBody(text: string, secrets: readonly Secret[]): Record<string, string> {
  return hmacHeader('X-ZapHub-Signature', 'sha256=', secrets, text)
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
  if (isFallback(whatsapp)) return rawEventText(payload)
  const data = applyByType(payloads, whatsapp)
  return data === undefined ? canonicalText(whatsapp) : JSON.stringify(data)
}

/** Names are chosen by users; what a header cannot hold is percent-encoded, in the body it stands as it is. */
function printable(text: string): string {
  return /^[!-~]+( [!-~]+)*$/.test(text) ? text : encodeURIComponent(text.toWellFormed())
}
