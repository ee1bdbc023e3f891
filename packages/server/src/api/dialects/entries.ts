import { showId, uuidTimeMs } from '../../core/id.ts'
import { payloadValue } from '../../core/raw-payload.ts'
import type { Caller } from '../../dialects/contract/caller.ts'
import type { OutgoingEvent } from '../../dialects/contract/delivery.ts'
import type {
  AttemptEntry,
  DeliveryDetail,
  DeliveryEntry,
  MessageEntry,
  Selection,
} from '../../dialects/contract/delivery-log.ts'
import { type AttemptRow, lastAttempts } from '../history/attempts/store.ts'
import { readMessages, type StoredMessage } from '../history/messages/store.ts'
import type { DeliveryRow } from '../history/deliveries/store.ts'
import { shownUrl } from '../shown-url.ts'
import { type PortDeps } from './ports.ts'
import { selectApps, type Selected, selectEndpoints } from './selection/store.ts'
import { typesOf } from '../../dialects/event-types.ts'

/** Turns rows of the log into entries, for one question. */
export interface Reading {
  endpoints: Map<string, Selected>
  endpointIds: string[]
  eventTypes: string[] | null
}

export async function readingOf(
  { db, dialects }: PortDeps,
  caller: Caller,
  query: Selection & { eventTypes?: readonly string[] },
): Promise<Reading> {
  const endpoints = await selectEndpoints(db, caller, query)
  const dialect = query.dialect && dialects.get(query.dialect)
  return {
    endpoints,
    endpointIds: [...endpoints.keys()],
    eventTypes: typesOf(dialect, query.eventTypes),
  }
}

/** Entries with their events and endpoints, to show what was sent. */
export async function detailsOf(
  deps: PortDeps,
  caller: Caller,
  reading: Reading,
  rows: readonly DeliveryRow[],
  response: 'response' | 'no response',
): Promise<DeliveryDetail[]> {
  const ids = rows.flatMap((row) => row.endpoint_id ?? [])
  const [entries, endpoints, messages] = await Promise.all([
    withAttempts(deps, caller, reading, rows, response),
    deps.registry.cache.endpoints(ids),
    readMessages(
      deps,
      rows.map((row) => ({ appId: row.app_id, id: row.message_id })),
      'payload',
    ),
  ])
  return entries.map((entry) => ({
    ...entry,
    endpoint: endpoints.get(entry.endpointId ?? '')?.endpoint ?? null,
    event: eventOf(deps, entry, messages),
  }))
}

export async function withAttempts(
  deps: PortDeps,
  caller: Caller,
  reading: Reading,
  rows: readonly DeliveryRow[],
  response: 'response' | 'no response' = 'no response',
): Promise<DeliveryEntry[]> {
  const attempts = await lastAttempts(deps.db, rows, response)
  const endpoints = await deps.registry.cache.endpoints(
    rows.flatMap((row) => row.endpoint_id ?? []),
  )
  const nobodys = await selectApps(
    deps.db,
    caller,
    rows.flatMap((row) => (row.endpoint_id === null ? row.app_id : [])),
  )
  return rows.map((row) => {
    const selected = row.endpoint_id === null ? undefined : reading.endpoints.get(row.endpoint_id)
    const last = attempts.get(row.id)
    return {
      id: row.id,
      messageId: row.message_id,
      createdAtMs: uuidTimeMs(row.message_id),
      eventType: row.event_type,
      endpointId: row.endpoint_id,
      endpointUid: selected?.uid ?? null,
      app: selected ? appOf(selected) : nobodys.get(row.app_id)!,
      url: shownUrl(last?.url ?? endpoints.get(row.endpoint_id ?? '')?.endpoint.url ?? ''),
      state: row.state,
      reason: row.reason,
      attempts: row.attempts,
      maxAttempts: selected
        ? 1 + (selected.retries ?? deps.dialects.get(selected.dialect)!.retry.scheduleMs.length)
        : 0,
      nextAttemptAtMs: row.next_ms,
      closedAtMs: row.closed_ms,
      lastAttempt: last ? attemptEntry(last, reading.endpoints) : null,
    }
  })
}

/** The event as it was handed to the dialect. */
function eventOf(
  { serverUrl }: PortDeps,
  entry: DeliveryEntry,
  messages: ReadonlyMap<string, StoredMessage>,
): OutgoingEvent | null {
  const message = messages.get(entry.messageId)
  if (message === undefined || message.payload === null) return null
  // What is not JSON was handed to none.
  if (payloadValue(message) === undefined) return null
  let parsed: { payload: unknown } | undefined
  return {
    message,
    payload: () => (parsed ??= { payload: payloadValue(message) }).payload,
    app: { ...entry.app, id: showId('app', entry.app.id) },
    messageId: showId('message', entry.messageId),
    deliveryId: showId('delivery', entry.id),
    attempt: Math.max(1, entry.attempts),
    nowMs: entry.lastAttempt?.startedAtMs ?? entry.createdAtMs,
    serverUrl: serverUrl(),
  }
}

export function attemptEntry(
  row: AttemptRow,
  endpoints: ReadonlyMap<string, Selected>,
): AttemptEntry {
  const selected = endpoints.get(row.endpoint_id)!
  return {
    id: row.id,
    deliveryId: row.delivery_id,
    messageId: row.message_id,
    eventType: row.event_type,
    endpointId: row.endpoint_id,
    endpointUid: selected.uid,
    app: appOf(selected),
    url: shownUrl(row.url),
    number: row.number,
    outcome: row.outcome,
    statusCode: row.status_code === 0 ? null : row.status_code,
    error: row.error,
    response: row.response,
    durationMs: row.duration_ms,
    startedAtMs: Math.round(row.created_ms),
  }
}

export function messageEntry(
  message: StoredMessage,
  { id, uid, name }: { id: string; uid: string | null; name: string },
): MessageEntry {
  return { message, app: { id, uid, name }, unmatched: message.unmatched }
}

function appOf(selected: Selected): { id: string; uid: string | null; name: string } {
  return { id: selected.app_id, uid: selected.app_uid, name: selected.app_name }
}
