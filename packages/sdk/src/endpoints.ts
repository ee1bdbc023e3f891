import { type Call, type CallOptions, type CreateOptions } from './client-http.ts'
import { type List, list, type ListOptions } from './pages.ts'
import { path } from './request-url.ts'

/** What may be changed of an endpoint. What is left out takes the server's default, in a patch it stays as it is. */
export interface EndpointSettings {
  /** Your own name for it, usable wherever an id is. */
  uid?: string | null
  description?: string
  /** Null: all. `message.*` stands for everything under it. */
  eventTypes?: string[] | null
  channels?: string[] | null
  disabled?: boolean
  metadata?: Record<string, string>
  /** Requests in each `throttleWindowMs`. */
  throttleRate?: number | null
  /** Default 1,000: a second. */
  throttleWindowMs?: number
  /** The envelope, headers and signature of an older system; `standard` is Pombo's own. */
  dialect?: 'standard' | 'whatsmeow' | 'zaphub' | 'device-status' | 'evolution' | 'agentes'
  /** Seconds before each retry. */
  retrySchedule?: number[] | null
  /** Deadline of one request, 1,000 to 60,000. */
  timeoutMs?: number | null
  /** Requests at a time. */
  maxInFlight?: number
  /** `key`: of each ordering key one at a time, in order. */
  ordering?: 'none' | 'key'
  priority?: 'high' | 'normal' | 'low' | null
  /** Expression over the payload. */
  filter?: string | null
  /** The names the signature comes under. */
  signatureHeaders?: 'webhook' | 'svix' | 'both'
}

export interface EndpointUpdate extends EndpointSettings {
  url: string
}

export interface EndpointIn extends EndpointUpdate {
  /** `whsec_…`; made by the server when left out. */
  secret?: string | null
}

export interface Endpoint extends EndpointUpdate {
  id: string
  description: string
  metadata: Record<string, string>
  /** ISO 8601. */
  createdAt: string
  updatedAt: string
}

export interface EndpointListOptions extends ListOptions {
  order?: 'ascending' | 'descending'
}

/** Deliveries by state. */
export interface EndpointStats {
  success: number
  pending: number
  sending: number
  fail: number
  canceled: number
}

export interface RecoverJob {
  id: string
  status: string
  task: string
  updatedAt: string
}

/** Where messages go. `app` and `endpoint` are ids or uids. */
export interface Endpoints {
  create(app: string, endpoint: EndpointIn, options?: CreateOptions): Promise<Endpoint>
  get(app: string, endpoint: string, options?: CallOptions): Promise<Endpoint>
  list(app: string, options?: EndpointListOptions): List<Endpoint>
  /** Replaces it whole, or makes it where `endpoint` is a new uid. */
  update(
    app: string,
    endpoint: string,
    whole: EndpointUpdate,
    options?: CallOptions,
  ): Promise<Endpoint>
  patch(
    app: string,
    endpoint: string,
    changes: EndpointSettings & { url?: string },
    options?: CallOptions,
  ): Promise<Endpoint>
  delete(app: string, endpoint: string, options?: CallOptions): Promise<void>
  /** What its requests are signed with: give `key` to `Webhook`. */
  getSecret(app: string, endpoint: string, options?: CallOptions): Promise<{ key: string }>
  /**
   * A new secret, `key` or one the server makes; the old one signs too until the grace period (default a day) is
   * over.
   */
  rotateSecret(
    app: string,
    endpoint: string,
    rotation?: { key?: string | null; gracePeriodSeconds?: number },
    options?: CreateOptions,
  ): Promise<void>
  /** Messages wait until `resume`. */
  pause(app: string, endpoint: string, options?: CreateOptions): Promise<void>
  resume(app: string, endpoint: string, options?: CreateOptions): Promise<void>
  /** Sends again what failed since then: a job on the server. */
  recover(
    app: string,
    endpoint: string,
    period: { since: Date | string; until?: Date | string | null },
    options?: CreateOptions,
  ): Promise<RecoverJob>
  stats(
    app: string,
    endpoint: string,
    options?: CallOptions & { since?: Date | string; until?: Date | string },
  ): Promise<EndpointStats>
}

export function endpointCalls(call: Call): Endpoints {
  const one = (app: string, endpoint: string) => path`/api/v1/app/${app}/endpoint/${endpoint}`
  const body = JSON.stringify
  return {
    create: async (app, endpoint, options) =>
      call(
        { method: 'POST', path: path`/api/v1/app/${app}/endpoint`, body: body(endpoint) },
        options,
      ),
    get: async (app, endpoint, options) =>
      call({ method: 'GET', path: one(app, endpoint) }, options),
    list: (app, options) => list(call, () => path`/api/v1/app/${app}/endpoint`, options),
    update: async (app, endpoint, whole, options) =>
      call({ method: 'PUT', path: one(app, endpoint), body: body(whole) }, options),
    patch: async (app, endpoint, changes, options) =>
      call({ method: 'PATCH', path: one(app, endpoint), body: body(changes) }, options),
    delete: async (app, endpoint, options) =>
      call({ method: 'DELETE', path: one(app, endpoint) }, options),
    getSecret: async (app, endpoint, options) =>
      call({ method: 'GET', path: `${one(app, endpoint)}/secret` }, options),
    rotateSecret: async (app, endpoint, rotation = {}, options = {}) =>
      call(
        { method: 'POST', path: `${one(app, endpoint)}/secret/rotate`, body: body(rotation) },
        options,
      ),
    pause: async (app, endpoint, options) => {
      await call({ method: 'POST', path: `${one(app, endpoint)}/pause` }, options)
    },
    resume: async (app, endpoint, options) => {
      await call({ method: 'POST', path: `${one(app, endpoint)}/resume` }, options)
    },
    recover: async (app, endpoint, period, options) =>
      call({ method: 'POST', path: `${one(app, endpoint)}/recover`, body: body(period) }, options),
    stats: async (app, endpoint, { since, until, ...options } = {}) =>
      call(
        { method: 'GET', path: `${one(app, endpoint)}/stats`, query: { since, until } },
        options,
      ),
  }
}
