import type { Endpoint } from './endpoint.ts'

type Given = Pick<Endpoint, 'id' | 'tenantId' | 'appId' | 'url' | 'createdAtMs'>

/** An endpoint that has nothing but an address; the rest is none, or the server's own default. */
export function bareEndpoint({ id, tenantId, appId, url, createdAtMs }: Given): Endpoint {
  return {
    id,
    tenantId,
    appId,
    uid: null,
    url,
    destination: null,
    description: '',
    eventTypes: null,
    channels: null,
    metadata: {},
    headers: {},
    auth: null,
    tls: null,
    disabled: false,
    disabledReason: null,
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
