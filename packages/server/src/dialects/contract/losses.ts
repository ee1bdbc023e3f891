/** The events by which a session loses its connection. Most dialects have one word for all of them. */
import type { EventOf } from '../../whatsapp/whatsapp.ts'

const lossTypes = [
  'session.disconnected',
  'session.logged_out',
  'session.replaced',
  'session.banned',
  'session.connect_failed',
  'session.outdated',
  'session.stream_error',
] as const

type LossType = (typeof lossTypes)[number]
export type LossEvent = EventOf<LossType>

/** The same entry for each of them. */
export function everyLoss<Entry>(entry: Entry): Record<LossType, Entry> {
  return Object.fromEntries(lossTypes.map((type) => [type, entry])) as Record<LossType, Entry>
}
