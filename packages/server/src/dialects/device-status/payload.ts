/** The envelope `{device: {deviceHash, status}, event: {type, code, message, …}, timestamp}`. */
import { canonicalText, rawEventText } from '../contract/event-text.ts'
import { iso } from '../../core/clock.ts'
import { devicesOf, readDeviceReport } from '../../whatsapp/device/device-status.ts'
import { memberText } from '../../core/json.ts'
import { canonicalEvents } from '../../whatsapp/catalogue.ts'
import { fields, text } from '../../core/json-values.ts'
import {
  applyByType,
  type ByType,
  isFallback,
  readEvent,
  type WhatsAppEvent,
} from '../../whatsapp/whatsapp.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import { deviceHashOf } from './device.ts'
import { eventName, statusAfter } from './events.ts'

/**
 * `event` without its type: code, message, and by kind of event `device_info`, `devices`, `error` or `data`, as
 * JSON text.
 */
interface Part {
  code: string
  message: string
  rest: Record<string, string>
}

/** The body, as it is signed and sent. */
export function body(event: OutgoingEvent): string {
  const { message, app } = event
  const type = eventName(message.eventType)
  const name = app.uid ?? app.id
  const payload = message.payload ?? 'null'
  if (message.form !== 'whatsapp') {
    const part = { code: 'GENERIC', message: type, rest: { data: payload } }
    return envelope([name], statusAfter(message.eventType), type, part, iso(message.createdAtMs))
  }
  const whatsapp = readEvent(event.payload())
  const rawText = rawEventText(payload)
  const reading = readDeviceReport(whatsapp.raw.event)
  // Another gateway's event may have a `code` of its own; it is a report only if it says what the canonical event says.
  const isReport = reading?.eventType === whatsapp.type
  const told = isReport ? reading.status : containerStatus(whatsapp)
  const part = isReport ? reported(whatsapp, reading.code, rawText) : made(whatsapp, rawText)
  const status = told ?? statusAfter(whatsapp.type)
  return envelope([whatsapp.session, name], status, type, part, whatsapp.at)
}

function envelope(names: string[], status: string, type: string, part: Part, at: string): string {
  const device = JSON.stringify({ deviceHash: deviceHashOf(...names), status })
  const head = JSON.stringify({ type, code: part.code, message: part.message }).slice(0, -1)
  const rest = Object.entries(part.rest).map(([key, value]) => `,${JSON.stringify(key)}:${value}`)
  return `{"device":${device},"event":${head}${rest.join('')}},"timestamp":${JSON.stringify(at)}}`
}

function containerStatus(event: WhatsAppEvent) {
  return event.type === 'device.container_event' ? readDeviceReport(event)?.status : undefined
}

/** What the envelope says elsewhere. */
const said = new Set(['type', 'code', 'message', 'status', 'timestamp', 'result'])

/** A report with all that it brought along, in its own words and digits. */
function reported(event: WhatsAppEvent, code: string, rawText: string): Part {
  const report = fields(event.raw.event) ?? {}
  const rest: Record<string, string> = {}
  if (code !== report['code']) rest['original_code'] = JSON.stringify(report['code'])
  for (const key of Object.keys(report))
    if (!said.has(key)) rest[key] = memberText(rawText, key) ?? 'null'
  // The gateway's websocket calls everything `result`.
  const result = memberText(rawText, 'result')
  const me = 'me' in event ? event.me : null
  if (code === 'LOGIN_SUCCESS' && me) rest['device_info'] ??= JSON.stringify({ id: me.id })
  if (code === 'LIST_DEVICES') rest['devices'] ??= JSON.stringify(devicesOf(report))
  else if (result !== undefined && result !== 'null') rest['data'] ??= result
  return { code, message: text(report['message']) ?? defaultMessage(event), rest }
}

/** The same event from a gateway that knows nothing of these codes. */
function made(event: WhatsAppEvent, rawText: string): Part {
  const found = applyByType(parts, event)
  if (found) {
    const rest = Object.entries(found.rest).map(([key, value]) => [key, JSON.stringify(value)])
    return {
      code: found.code,
      message: found.message ?? defaultMessage(event),
      rest: Object.fromEntries(rest),
    }
  }
  const data = isFallback(event) ? rawText : canonicalText(event)
  return { code: 'GENERIC', message: defaultMessage(event), rest: { data } }
}

type Made = { code: string; message?: string; rest: Record<string, unknown> }

function lost(code: string) {
  return ({ reason, code: number }: { reason: string; code: number | null }): Made => ({
    code,
    rest: { devices: [], data: { reason, code: number } },
  })
}

function refused(reason: string) {
  return (event: { reason: string }): Made => ({
    code: 'AUTH_FAILURE',
    message: `Authentication failed - ${event.reason}`,
    rest: { error: { reason, details: event.reason } },
  })
}

/** A login code is worth as much as a password, and this webhook is for those who watch the device. */
function withoutCode(): Made {
  return { code: 'GENERIC', rest: { data: null } }
}

const parts: ByType<Made> = {
  'session.paired': ({ me }) => ({
    code: 'LOGIN_SUCCESS',
    rest: me ? { device_info: { id: me.id } } : {},
  }),
  'session.connected': ({ me, session }) => ({
    code: 'LIST_DEVICES',
    rest: { devices: [{ device: me?.id ?? session }] },
  }),
  'session.disconnected': lost('LIST_DEVICES'),
  'session.replaced': lost('LIST_DEVICES'),
  'session.stream_error': lost('LIST_DEVICES'),
  'session.logged_out': lost('LOGOUT_COMPLETE'),
  'session.pair_failed': refused('pair_failed'),
  'session.connect_failed': refused('connect_failed'),
  'session.banned': refused('banned'),
  'session.outdated': refused('client_outdated'),
  'session.passkey_failed': refused('passkey_failed'),
  'session.qr_updated': withoutCode,
  'session.passkey_confirmation': withoutCode,
  'device.container_event': (event) => ({
    code: readDeviceReport(event)?.code ?? 'GENERIC',
    message: event.message || 'WhatsApp container event',
    rest: { data: event.data ?? null },
  }),
}

const messages: Readonly<Record<string, string>> = {
  login_success: 'Successfully pair with WhatsApp device',
  connected: 'Device connected and ready',
  disconnected: 'Device disconnected',
  auth_failed: 'Authentication failed',
}

const descriptions = new Map<string, string>(
  canonicalEvents.map((one) => [one.name, one.description]),
)

function defaultMessage({ type }: WhatsAppEvent): string {
  const name = eventName(type)
  return messages[name] ?? descriptions.get(type) ?? name
}
