import { type Call, type CallOptions, type CreateOptions } from './client-http.ts'
import { type List, list, type ListOptions } from './pages.ts'
import { path } from './request-url.ts'

export interface AppIn {
  name: string
  /** Your own name for it, usable wherever an id is. */
  uid?: string | null
  /** Messages a second. */
  throttleRate?: number | null
  metadata?: Record<string, string>
}

export interface App {
  id: string
  uid?: string | null
  name: string
  throttleRate?: number | null
  metadata: Record<string, string>
  /** ISO 8601. */
  createdAt: string
  updatedAt: string
}

export interface AppListOptions extends ListOptions {
  order?: 'ascending' | 'descending'
}

/** Applications: each has its own endpoints and messages. `app` is an id or a uid. */
export interface Apps {
  create(app: AppIn, options?: CreateOptions): Promise<App>
  /** The app with this `uid`, made if there is none. */
  getOrCreate(app: AppIn & { uid: string }, options?: CreateOptions): Promise<App>
  get(app: string, options?: CallOptions): Promise<App>
  list(options?: AppListOptions): List<App>
  /** Replaces it whole, or makes it where `app` is a new uid. */
  update(app: string, whole: AppIn, options?: CallOptions): Promise<App>
  patch(app: string, changes: Partial<AppIn>, options?: CallOptions): Promise<App>
  delete(app: string, options?: CallOptions): Promise<void>
}

export function appCalls(call: Call): Apps {
  const body = JSON.stringify
  return {
    create: async (app, options) =>
      call({ method: 'POST', path: '/api/v1/app', body: body(app) }, options),
    getOrCreate: async (app, options) =>
      call(
        { method: 'POST', path: '/api/v1/app', query: { getIfExists: true }, body: body(app) },
        options,
      ),
    get: async (app, options) => call({ method: 'GET', path: path`/api/v1/app/${app}` }, options),
    list: (options) => list(call, () => '/api/v1/app', options),
    update: async (app, whole, options) =>
      call({ method: 'PUT', path: path`/api/v1/app/${app}`, body: body(whole) }, options),
    patch: async (app, changes, options) =>
      call({ method: 'PATCH', path: path`/api/v1/app/${app}`, body: body(changes) }, options),
    delete: async (app, options) =>
      call({ method: 'DELETE', path: path`/api/v1/app/${app}` }, options),
  }
}
