import type { MaybeLater } from '../../core/when-there.ts'
import { endpointBytes, routesBytes, routesGrowth } from './heap-size.ts'
import { LoadingCache } from './loading-cache.ts'
import { packRoutes, putPacked, unpackRoutes } from './packed-routes.ts'
import {
  type AppRoutes,
  endpointIn,
  type EndpointInApp,
  type FoundEndpoints,
  putEndpoints,
} from './routes.ts'

export interface RoutedAppsOptions {
  /** Those that do not exist are not in the answers. */
  loadApps: (ids: string[]) => Promise<Map<string, AppRoutes>>
  loadEndpoints: (ids: string[]) => Promise<Map<string, EndpointInApp>>
  /** Of apps that are at hand, of all as text, and of endpoints whose apps are not cached. */
  maxBytes: { open: number; packed: number; endpoints: number }
}

/**
 * Apps with their endpoints, and endpoints by themselves. One that was made, changed or deleted is read again alone: to
 * read all 5,000 of an app takes 60 ms of CPU, and the database as long again.
 */
export class RoutedApps {
  /** By app id; in groups by tenant. All of them as text, and those at hand that were asked for last. */
  readonly #apps: LoadingCache<AppRoutes, EndpointInApp>
  /** Endpoints whose apps are not cached, or that were changed, by id; in groups by app. */
  readonly #endpoints: LoadingCache<EndpointInApp>
  /** The apps that are cached, by the ids of their endpoints. */
  readonly #appOfEndpoint = new Map<string, string>()

  constructor({ loadApps, loadEndpoints, maxBytes }: RoutedAppsOptions) {
    this.#apps = new LoadingCache<AppRoutes, EndpointInApp>({
      maxBytes: maxBytes.open,
      packing: { maxBytes: maxBytes.packed, pack: packRoutes, unpack: unpackRoutes },
      parts: {
        load: (appId, ids) => this.#found(appId, ids),
        put: putEndpoints,
        putPacked,
        growth: routesGrowth,
        onPut: (appId, found) => {
          for (const [id, one] of found)
            if (one) this.#appOfEndpoint.set(id, appId)
            else this.#appOfEndpoint.delete(id)
        },
      },
      load: loadApps,
      groupOf: ({ app }) => app.tenantId,
      bytesOf: routesBytes,
      onKept: (appId, { endpoints }) => {
        for (const { id } of endpoints) this.#appOfEndpoint.set(id, appId)
      },
      onDropped: (_, { endpoints }) => {
        for (const { id } of endpoints) this.#appOfEndpoint.delete(id)
      },
    })
    this.#endpoints = new LoadingCache<EndpointInApp>({
      maxBytes: maxBytes.endpoints,
      load: loadEndpoints,
      groupOf: ({ app }) => app.id,
      bytesOf: ({ endpoint }) => endpointBytes(endpoint) + 300,
    })
  }

  /** At once, where it is in memory. */
  peek(appId: string): AppRoutes | undefined {
    return this.#apps.peek(appId)
  }

  async get(appId: string): Promise<AppRoutes | undefined> {
    return await this.#apps.get(appId)
  }

  /** At once, where it is in memory. */
  endpoint(id: string): MaybeLater<EndpointInApp | undefined> {
    return this.#inItsApp(id) ?? this.#endpoints.peek(id) ?? this.#endpoints.get(id)
  }

  get usage(): { bytes: number; apps: number; endpoints: number } {
    return {
      bytes: this.#apps.bytes + this.#endpoints.bytes,
      apps: this.#apps.size,
      endpoints: this.#appOfEndpoint.size + this.#endpoints.size,
    }
  }

  dropApp(appId: string): void {
    this.#apps.drop(appId)
    this.#endpoints.dropGroup(appId)
  }

  /** It was made, changed or deleted. */
  dropEndpoint(appId: string, id: string): void {
    // First: what is read from now on is to be from after the change.
    this.#endpoints.drop(id)
    this.#apps.dropPart(appId, id)
  }

  dropTenant(tenantId: string): void {
    this.#apps.dropGroup(tenantId)
    this.#endpoints.dropAll()
  }

  dropAll(): void {
    this.#apps.dropAll()
    this.#endpoints.dropAll()
    this.#appOfEndpoint.clear()
  }

  #inItsApp(id: string): EndpointInApp | undefined {
    const appId = this.#appOfEndpoint.get(id)
    const routes = appId === undefined ? undefined : this.#apps.peek(appId, id)
    const endpoint = routes && endpointIn(routes, id)
    return endpoint && { endpoint, health: routes.health.get(id), app: routes.app }
  }

  async #found(appId: string, ids: readonly string[]): Promise<FoundEndpoints> {
    const found = await Promise.all(ids.map(async (id) => await this.#endpoints.get(id)))
    return new Map(
      ids.map((id, i) => [id, found[i]?.app.id === appId ? found[i] : undefined] as const),
    )
  }
}
