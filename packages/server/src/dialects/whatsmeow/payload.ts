/** The envelope `{event, session_id, timestamp, data}`. */
import { canonicalText, rawEventText } from '../contract/event-text.ts'
import { iso } from '../../core/clock.ts'
import {
  applyByType,
  type ByType,
  type EventType,
  isFallback,
  readEvent,
  type WhatsAppEvent,
} from '../../whatsapp/whatsapp.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import { messageData } from './message-data.ts'
import { eventName, hasName } from './names.ts'
import { peopleData } from './people-data.ts'
import { sessionData } from './session-data.ts'
import { goTime } from './wire.ts'

const datas: ByType<object> = { ...messageData, ...peopleData, ...sessionData }

/** The body, as it is signed and sent. */
export function body(event: OutgoingEvent): string {
  const { message, app } = event
  const name = eventName(message.eventType)
  const payload = message.payload ?? 'null'
  if (message.form !== 'whatsapp')
    return envelope(name, app.uid ?? app.id, iso(message.createdAtMs), payload)
  const whatsapp = readEvent(event.payload())
  return envelope(name, whatsapp.session, whatsapp.at, dataText(whatsapp, payload))
}

/** `data` is JSON text, so that what passes through keeps every digit. */
function envelope(name: string, sessionId: string, at: string, data: string): string {
  // A map in the document's struct: a Go receiver refuses the whole request over a list or a text.
  const map = /^\s*[{n]/.test(data) ? data : `{"value":${data}}`
  const head = JSON.stringify({ event: name, session_id: sessionId, timestamp: goTime(at) })
  return `${head.slice(0, -1)},"data":${map}}`
}

function dataText(event: WhatsAppEvent, payload: string): string {
  const data = applyByType(datas, event)
  if (data !== undefined) return JSON.stringify(data)
  const hasNoWord = !isFallback(event) && !hasName(event.type as EventType)
  return hasNoWord ? canonicalText(event) : rawEventText(payload)
}
