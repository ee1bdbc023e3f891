/**
 * The envelopes: `{event, instance, data, server_url, apikey?, timestamp}` and that of the monitoring webhook; and
 * where they go.
 */
import { canonicalText, rawEventText } from '../contract/event-text.ts'
import { iso } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { memberText } from '../../core/json.ts'
import { fields } from '../../core/json-values.ts'
import {
  applyByType,
  type ByType,
  isFallback,
  readEvent,
  type WhatsAppEvent,
} from '../../whatsapp/whatsapp.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import { eventName, monitoringEvents, pathName, readEventName, secondNames } from './events.ts'
import { messageData } from './message-data.ts'
import { optionsOf } from './options.ts'
import { peopleData } from './people-data.ts'
import { sessionData } from './session-data.ts'
import type { Around } from './wire.ts'

const datas: ByType<(around: Around) => unknown> = { ...messageData, ...peopleData, ...sessionData }

/** The body, as it is signed and sent. */
export function body(event: OutgoingEvent, endpoint: Endpoint): string {
  const { message, app } = event
  const options = optionsOf(endpoint.dialectOptions)
  const whatsapp = message.form === 'whatsapp' ? readEvent(event.payload()) : null
  const name = JSON.stringify(nameOf(event))
  const instance = whatsapp?.session || (app.uid ?? app.id)
  const around = { instance, instanceId: app.id, base64: options.webhookBase64 === true }
  const payload = message.payload ?? 'null'
  const data = whatsapp ? dataText(whatsapp, payload, around) : payload
  const timestamp = JSON.stringify(iso(message.createdAtMs))
  const serverUrl = JSON.stringify(event.serverUrl)
  const session = JSON.stringify(instance)
  if (monitoringEvents.has(message.eventType))
    return `{"event":${name},"timestamp":${timestamp},"instance":${session},"data":${data},"server_url":${serverUrl}}`
  const apikey = options.apikey === undefined ? '' : `"apikey":${JSON.stringify(options.apikey)},`
  const head = `{"event":${name},"instance":${session},"data":${data},"server_url":${serverUrl}`
  return `${head},${apikey}"timestamp":${timestamp}}`
}

/** The event's name on the wire. An event that came from an Evolution keeps the name that it had there. */
export function nameOf(event: OutgoingEvent): string {
  const { eventType, form } = event.message
  if (form !== 'whatsapp') return eventName(eventType)
  const whatsapp = readEvent(event.payload())
  if (fromEvolution(whatsapp)) return readEventName(whatsapp.raw.name)!
  const sentByApi = whatsapp.type === 'message.sent' && whatsapp.origin === 'api'
  return sentByApi ? secondNames['message.sent'].fine : eventName(eventType)
}

/** The endpoint's URL; with `webhookByEvents` the event's name is one more part of its path, before a query. */
export function url(event: OutgoingEvent, endpoint: Endpoint): string {
  if (optionsOf(endpoint.dialectOptions).webhookByEvents !== true) return endpoint.url
  const query = endpoint.url.search(/[?#]/)
  const [base, rest] =
    query < 0 ? [endpoint.url, ''] : [endpoint.url.slice(0, query), endpoint.url.slice(query)]
  return `${base.replace(/\/+$/, '')}/${encodeURIComponent(pathName(nameOf(event)))}${rest}`
}

/**
 * Whether its raw event is what would leave here: not of those that a source read out of another one, such as the
 * steps of a status.
 */
function fromEvolution({ type, raw }: WhatsAppEvent): boolean {
  if (raw.source !== 'evolution') return false
  const name = readEventName(raw.name)
  const second = Object.entries(secondNames).find(([one]) => one === type)?.[1]
  return name !== undefined && (name === eventName(type) || name === second?.fine)
}

/** As JSON text, so that what passes through keeps every digit. */
function dataText(event: WhatsAppEvent, payload: string, around: Around): string {
  const rawText = rawEventText(payload)
  if (fromEvolution(event)) return passedOn(event, rawText, around)
  if (isFallback(event)) return rawText
  // The history itself is in the raw event, and may be large.
  if (event.type === 'history.synced') return memberText(rawText, 'messages') ?? '[]'
  const data = applyByType(datas, event)
  return data === undefined ? canonicalText(event) : (JSON.stringify(data(around)) ?? 'null')
}

/** Events that Evolution sends in lists; sources take lists apart. */
const listed = /^(contacts|chats|groups|messages\.set)\b/

function passedOn(event: WhatsAppEvent, rawText: string, { base64 }: Around): string {
  const file = 'content' in event ? event.content.media?.base64 : undefined
  const raw = fields(event.raw.event)
  const message = fields(raw?.['message'])
  if (base64 && file !== undefined && raw && message)
    return JSON.stringify({ ...raw, message: { ...message, base64: file } })
  const name = readEventName(event.raw.name)!
  return listed.test(name) && !rawText.startsWith('[') ? `[${rawText}]` : rawText
}
