import type { Endpoint } from '../../core/endpoint.ts'
import { type Claim, priorityOfRank } from '../queue.ts'
import type { MessageRow } from './message/store.ts'
import type { ClaimedRow } from './store.ts'

/** What the dispatcher needs to know of an endpoint: the registry's cache has it. */
export interface ClaimableEndpoint {
  endpoint: Endpoint
  app: Claim['app']
  health: { circuit: string; openUntilMs: number | null; probeUntilMs: number | null } | undefined
}

/** A claimed row with its message and its endpoint. */
export function claimOf(
  row: ClaimedRow,
  message: MessageRow | undefined,
  { endpoint, app }: ClaimableEndpoint,
  leasedBy: string,
): Claim {
  return {
    deliveryId: row.id,
    endpoint,
    app,
    message: {
      id: row.message_id,
      tenantId: row.tenant_id,
      appId: row.app_id,
      eventType: row.event_type,
      eventId: message?.event_id ?? null,
      channels: message?.channels ?? null,
      tags: message?.tags ?? null,
      payload: message?.payload ?? null,
      contentType: message?.content_type ?? null,
      form: message?.form ?? null,
      orderingKey: message?.ordering_key ?? null,
      priority: priorityOfRank[row.priority]!,
      createdAtMs: message?.created_ms ?? row.created_ms,
      trace: message?.trace_context ?? null,
    },
    payloadBytes: row.payload_bytes,
    attempt: row.attempt,
    dueAtMs: row.due_ms,
    trigger: row.trigger === 1 ? 1 : 0,
    ordered: row.ordering_key !== null,
    leasedBy,
  }
}
