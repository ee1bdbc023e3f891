/** What is inserted of messages, as arrays of parameters: a column each. */
import type { DedupeKey, Message } from '../core/message.ts'
import { columnsOf } from '../db/columns.ts'
import { priorityRank } from '../queue/queue.ts'

/** A delivery as it is inserted: with the message, in one statement. */
export interface NewDelivery {
  id: string
  endpointId: string
  /** In this node's hand from the start; else it waits. */
  leased: boolean
  ordered: boolean
  priority: Message['priority']
}

export interface NewMessage {
  message: Message
  /** The payload as it goes into the database: sealed where the tenant asks for it. */
  storedPayload: string
  payloadBytes: number
  payloadExpiresAtMs: number | null
  unmatched: string | null
  deliveries: NewDelivery[]
  /** For endpoints that are disabled: recorded as not sent. */
  discarded: { id: string; endpointId: string; reason: string }[]
  dedupe: { scope: string; key: DedupeKey }[]
  /** Hashes of the people whom it names. */
  persons: Buffer[]
}

/** What belongs to a message of a batch: `n` (1, 2, …) is its place there. */
type OfMessage<Part> = Part & { n: number }

export const messageColumns = columnsOf<NewMessage>(3, [
  ['id', 'uuid', ({ message }) => message.id],
  ['tenant_id', 'uuid', ({ message }) => message.tenantId],
  ['app_id', 'uuid', ({ message }) => message.appId],
  ['event_type', 'text', ({ message }) => message.eventType],
  ['event_id', 'text', ({ message }) => message.eventId],
  ['channels', 'texts', ({ message }) => message.channels],
  ['tags', 'texts', ({ message }) => message.tags],
  ['payload', 'text', ({ storedPayload }) => storedPayload],
  ['payload_bytes', 'int', ({ payloadBytes }) => payloadBytes],
  ['form', 'text', ({ message }) => message.form],
  ['ordering_key', 'text', ({ message }) => message.orderingKey],
  ['priority', 'smallint', ({ message }) => priorityRank[message.priority]],
  ['unmatched', 'text', ({ unmatched }) => unmatched],
  ['payload_expires_ms', 'float8', ({ payloadExpiresAtMs }) => payloadExpiresAtMs],
  ['created_ms', 'float8', ({ message }) => message.createdAtMs],
])

export const deliveryColumns = columnsOf<OfMessage<NewDelivery>>(messageColumns.next, [
  ['endpoint_id', 'uuid', ({ endpointId }) => endpointId],
  ['id', 'uuid', ({ id }) => id],
  ['leased', 'bool', ({ leased }) => leased],
  ['ordered', 'bool', ({ ordered }) => ordered],
  ['priority', 'smallint', ({ priority }) => priorityRank[priority]],
  ['n', 'int', ({ n }) => n],
])

export const discardedColumns = columnsOf<OfMessage<NewMessage['discarded'][number]>>(
  deliveryColumns.next,
  [
    ['endpoint_id', 'uuid', ({ endpointId }) => endpointId],
    ['id', 'uuid', ({ id }) => id],
    ['reason', 'text', ({ reason }) => reason],
    ['n', 'int', ({ n }) => n],
  ],
)

export const keyColumns = columnsOf<OfMessage<NewMessage['dedupe'][number]>>(
  discardedColumns.next,
  [
    ['scope', 'uuid', ({ scope }) => scope],
    ['key', 'text', ({ key }) => keyText(key)],
    ['hash', 'bytea', ({ key }) => key.requestHash ?? null],
    ['window_s', 'float8', ({ key }) => key.windowSeconds],
    ['n', 'int', ({ n }) => n],
  ],
)

export const personColumns = columnsOf<OfMessage<{ hash: Buffer }>>(keyColumns.next, [
  ['hash', 'bytea', ({ hash }) => hash],
  ['n', 'int', ({ n }) => n],
])

/** How many keys each message has. */
export const keyCounts = columnsOf<NewMessage>(personColumns.next, [
  ['count', 'int', ({ dedupe }) => dedupe.length],
])

/** Of messages that were sent in raw; all others have none, and pay nothing for it. */
export const rawColumns = columnsOf<OfMessage<{ contentType: string }>>(keyCounts.next, [
  ['content_type', 'text', ({ contentType }) => contentType],
  ['n', 'int', ({ n }) => n],
])

/** Of messages that are traced: behind all other parameters, wherever these end, for all others pay nothing for it. */
export const traceColumns = (first: number) =>
  columnsOf<OfMessage<{ trace: string }>>(first, [
    ['trace_context', 'text', ({ trace }) => trace],
    ['n', 'int', ({ n }) => n],
  ])

export function keyText({ kind, key }: DedupeKey): string {
  return `${kind}:${key}`
}

/** The parts of all messages of a batch, each with its message's place. */
export function partsOf<Part>(
  batch: readonly NewMessage[],
  parts: (one: NewMessage) => readonly Part[],
): OfMessage<Part>[] {
  const all: OfMessage<Part>[] = []
  for (let i = 0; i < batch.length; i++)
    for (const part of parts(batch[i]!)) all.push({ ...part, n: i + 1 })
  return all
}
