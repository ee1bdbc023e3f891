import { createHash } from 'node:crypto'
import type { IncomingMessage } from '../../core/message.ts'
import { type RowOperation, rowChangePayload } from '../database/row-change.ts'

/** A row of pombo.outbox, as it is claimed. */
export interface OutboxRow {
  id: number
  event_id: string
  event_type: string
  op: RowOperation | null
  table_schema: string | null
  table_name: string | null
  /** JSON texts. All null where the row is larger than may be taken. */
  record: string | null
  old_record: string | null
  data: string | null
  ordering_key: string | null
  attempts: number
  bytes: number
}

/** Long enough for a database that goes away between accept and delete and is back after a weekend. */
const repeatSeconds = 3 * 86_400

const maxKeyCharacters = 256

/** The message that a row is, or why it cannot be one. `app`: whose it becomes. */
export function messageOf(
  row: OutboxRow,
  app: Pick<IncomingMessage, 'tenantId' | 'appId'>,
  maxPayloadBytes: number,
): { ok: true; message: IncomingMessage } | { ok: false; problem: string } {
  const { event_type: eventType, event_id: eventId, bytes } = row
  if (!/^[a-zA-Z0-9\-_.]{1,256}$/.test(eventType))
    return {
      ok: false,
      problem: `"${eventType.slice(0, 100)}" cannot be an event type: 1 to 256 letters, digits, "-", "_" and "."`,
    }
  if (bytes > maxPayloadBytes)
    return {
      ok: false,
      problem: `the event has ${bytes} bytes, and more than ${maxPayloadBytes} are not taken (POMBO_MAX_BODY_BYTES)`,
    }
  return {
    ok: true,
    message: {
      ...app,
      eventType,
      eventId,
      payload: payloadOf(row),
      orderingKey: row.ordering_key === null ? null : orderingKey(row.ordering_key),
      dedupe: [{ kind: 'source', key: `outbox ${eventId}`, windowSeconds: repeatSeconds }],
    },
  }
}

function payloadOf({ op, table_name, table_schema, record, old_record, data }: OutboxRow): string {
  if (op === null) return data ?? 'null'
  return rowChangePayload({
    type: op,
    table: table_name ?? '',
    schema: table_schema ?? '',
    record,
    oldRecord: old_record,
  })
}

/** Keys can be as long as the columns they are made of; a hash keeps apart what is apart. */
function orderingKey(key: string): string {
  if (key.length <= maxKeyCharacters) return key
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}
