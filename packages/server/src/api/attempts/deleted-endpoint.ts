import type { Endpoint } from '../../core/endpoint.ts'
import { uuidTimeMs } from '../../core/id.ts'

/** What is left of an endpoint that is gone: its id, which says when it was made, and the address that was sent to. */
export function deletedEndpoint(
  { tenantId, appId }: { tenantId: string; appId: string },
  id: string,
  url: string | null,
): Endpoint {
  const createdAtMs = uuidTimeMs(id)
  return {
    id,
    tenantId,
    appId,
    uid: null,
    // Clients want one that reads as such; nothing was ever sent there, and it leads nowhere.
    url: url ?? 'https://deleted.invalid/',
    description: '',
    eventTypes: null,
    channels: null,
    metadata: {},
    headers: {},
    disabled: true,
    disabledReason: 'deleted',
    paused: false,
    throttleRate: null,
    throttleWindowMs: 1_000,
    dialect: 'standard',
    dialectOptions: {},
    retryScheduleMs: null,
    timeoutMs: null,
    maxInFlight: 20,
    ordering: 'none',
    priority: null,
    filter: null,
    signatureHeaders: 'webhook',
    secrets: [],
    circuit: null,
    transform: null,
    batch: null,
    onExhausted: 'continue',
    oversize: null,
    chatFilter: null,
    createdAtMs,
    updatedAtMs: createdAtMs,
  }
}
