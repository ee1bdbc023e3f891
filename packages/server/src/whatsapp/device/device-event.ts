/** A device's report as the canonical event that says the same, with the report in `raw` to the letter. */
import { iso } from '../../core/clock.ts'
import { devicesOf, type DeviceReading, readDeviceReport } from './device-status.ts'
import { personOf } from '../identity/jid.ts'
import type { Person } from '../message/message.ts'
import { type Fields, fields, list, text } from '../../core/json-values.ts'
import { toMs } from '../wire/json-shapes.ts'

export interface DeviceEvent {
  reading: DeviceReading
  /** As its reporter wrote it. */
  message: string | null
  atMs: number
  /** JSON text of a canonical WhatsApp event of the type `reading.eventType`. */
  payload: string
}

/**
 * Of `{code, message, …}` as a container manager or the gateway's websocket writes it; undefined for what has
 * no code. The report's own `timestamp` counts where it has one. `session` is the device's name.
 */
export function deviceEvent(
  reportText: string,
  session: string,
  receivedAtMs: number,
): DeviceEvent | undefined {
  const report = JSON.parse(reportText) as unknown
  const reading = readDeviceReport(report)
  const given = fields(report)
  if (!reading || !given) return undefined
  const atMs = toMs(given['timestamp']) ?? receivedAtMs
  const head = {
    type: reading.eventType,
    session,
    at: iso(atMs),
    timestamp: Math.floor(atMs / 1000),
    ...ownFields(reading, given),
  }
  const raw = JSON.stringify({ source: 'device', name: given['code'], id: null })
  // Spliced, not parsed and written again: numbers keep their digits.
  const payload = `${JSON.stringify(head).slice(0, -1)},"raw":${raw.slice(0, -1)},"event":${reportText.trim()}}}`
  return { reading, message: text(given['message']), atMs, payload }
}

function ownFields({ eventType, status }: DeviceReading, report: Fields): object {
  const said = text(report['message'])
  switch (eventType) {
    case 'session.paired': {
      const info = fields(report['device_info'])
      const [jid] = /\d[^\s@]{0,60}@[\w.]+/.exec(said ?? '') ?? []
      return { me: account(info?.['id'] ?? jid), platform: null, businessName: null }
    }
    case 'session.connected': {
      const first = fields(list(devicesOf(report))[0])
      return { me: account(first?.['jid']) ?? account(first?.['device']) }
    }
    case 'session.disconnected':
      return { reason: said ?? 'disconnected', code: null, final: false }
    case 'session.logged_out':
      return { reason: said ?? 'logged out', code: null, final: true }
    case 'session.pair_failed': {
      const reason = text(fields(report['error'])?.['reason'])
      return { reason: reason ?? said ?? 'authentication failed', code: null }
    }
    default:
      return { code: report['code'], message: said ?? '', status, data: null }
  }
}

/** Only a real number: containers put names of their own in its place. */
function account(id: unknown): Person | null {
  const person = personOf(id)
  return person?.phone ? person : null
}
