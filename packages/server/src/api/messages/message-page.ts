import { type Cursor, pageOf } from '../pagination.ts'
import type { Answer } from '../route.ts'
import { pageJson } from './message-json.ts'
import type { Messages, StoredMessage } from '../history/messages/store.ts'
import { fillPayloads } from './store.ts'

/** Payloads in one answer. A page ends early rather than fill the memory: 250 payloads of 16 MiB would be 4 GiB. */
const maxPayloadBytes = 16 * 1024 * 1024

/** How rows of a list show their messages. */
export interface MessageRows<Row> {
  messageOf: (row: Row) => StoredMessage | undefined
  iteratorOf: (row: Row) => string
  /** As JSON text. */
  show: (row: Row) => string
  withContent: boolean
}

/** A page of rows with messages, whose payloads are fetched now, and only if they are asked for. */
export async function messagePage<Row>(
  from: Messages,
  rows: Row[],
  cursor: Cursor,
  { messageOf, iteratorOf, show, withContent }: MessageRows<Row>,
): Promise<Answer> {
  const fitting = withContent ? countFitting(rows, messageOf) : rows.length
  const kept = rows.slice(0, Math.min(fitting, cursor.limit))
  if (withContent) {
    const messages = kept.map(messageOf).filter((message) => message !== undefined)
    await fillPayloads(from, [...new Set(messages)])
  }
  const more = rows.length > kept.length
  return { status: 200, text: pageJson(pageOf({ rows: kept, more }, cursor, iteratorOf, show)) }
}

/** How many of the rows come to no more than a page's bytes; one at least. */
function countFitting<Row>(
  rows: Row[],
  messageOf: (row: Row) => StoredMessage | undefined,
): number {
  const seen = new Set<StoredMessage>()
  let bytes = 0
  for (const [index, row] of rows.entries()) {
    const message = messageOf(row)
    if (message === undefined || seen.has(message)) continue
    seen.add(message)
    bytes += message.payloadBytes
    if (bytes > maxPayloadBytes && index > 0) return index
  }
  return rows.length
}
