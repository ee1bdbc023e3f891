/** The envelope: the columns of the document's `webhook_events` that do not change while it is being delivered. */
import { canonicalText, rawEventText } from '../contract/event-text.ts'
import { iso } from '../../core/clock.ts'
import { memberText } from '../../core/json.ts'
import { fields, text } from '../../core/json-values.ts'
import { applyByType, isFallback, readEvent, type WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import { aboutOf } from './about.ts'
import { eventName } from './events.ts'
import { whatsappData } from './whatsapp-data.ts'

/** The columns that say what an event is about. */
export interface Subject {
  /** A database, a call of the API, or somebody's hand. */
  event_source: 'supabase' | 'api' | 'manual'
  table_name: string | null
  record_id: string | null
  user_id: string | null
}

/** The body, as it is signed and sent. */
export function body(event: OutgoingEvent): string {
  const { message } = event
  const payload = message.payload ?? 'null'
  if (message.form === 'whatsapp') {
    const whatsapp = readEvent(event.payload())
    return envelope(event, told(nothing, message.tags), whatsapp.at, dataText(whatsapp, payload))
  }
  const subject = told(subjectOf(event.payload(), payload), message.tags)
  return envelope(event, subject, iso(message.createdAtMs), payload)
}

const nothing: Subject = {
  event_source: 'api',
  table_name: null,
  record_id: null,
  user_id: null,
}

/** What whoever triggered it said of it counts before what its data says. */
export function told(subject: Subject, tags: readonly string[] | null): Subject {
  const { source, userId, table, recordId } = aboutOf(tags)
  return {
    event_source: source === 'api' ? subject.event_source : source,
    table_name: table ?? subject.table_name,
    record_id: recordId ?? subject.record_id,
    user_id: userId ?? subject.user_id,
  }
}

/** `data` is JSON text, so that what passes through keeps every digit. */
function envelope({ message }: OutgoingEvent, subject: Subject, at: string, data: string): string {
  const head = JSON.stringify({
    id: message.id,
    event_type: eventName(message.eventType),
    ...subject,
  })
  return `${head.slice(0, -1)},"data":${data},"timestamp":${JSON.stringify(at)}}`
}

function dataText(event: WhatsAppEvent, payload: string): string {
  if (isFallback(event)) return rawEventText(payload)
  const data = applyByType(whatsappData, event)
  return data === undefined ? canonicalText(event) : JSON.stringify(data)
}

/**
 * A row change (`{type, table, schema, record, old_record}`) names its table and record; anything else is a call's
 * own data.
 */
export function subjectOf(parsed: unknown, payload: string): Subject {
  const data = fields(parsed)
  const side = ['record', 'old_record'].find((name) => fields(data?.[name]))
  const table = text(data?.['table'])
  if (side === undefined || table === null || text(data?.['type']) === null) {
    const user_id = data ? idText(payload, 'user_id') : null
    return { event_source: 'api', table_name: null, record_id: null, user_id }
  }
  const row = memberText(payload, side)!
  const record_id = idText(row, 'id')
  return {
    event_source: 'supabase',
    table_name: table,
    record_id,
    user_id: idText(row, 'user_id') ?? (table === 'users' ? record_id : null),
  }
}

/** An id by its text: a bigint of a database may have more digits than a number holds. */
function idText(object: string, name: string): string | null {
  const value = memberText(object, name)
  if (value === undefined) return null
  return /^-?\d+$/.test(value) ? value : text(JSON.parse(value))
}
