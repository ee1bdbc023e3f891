import type { Endpoint } from '../../core/endpoint.ts'
import type { EndpointDefaults } from '../../core/endpoint-defaults.ts'

/** The app, as far as accepting and delivering need it. */
export interface RoutedApp {
  id: string
  tenantId: string
  uid: string | null
  name: string
  kind: 'app' | 'operational'
  /** Requests a second to all of the app's endpoints together; null: no limit. */
  throttleRate: number | null
  /** Messages a second that the tenant may send in; null: no limit. */
  tenantAcceptRate: number | null
  /** Where payloads name people, so that theirs can be found; null: nothing is kept to find them by. */
  tenantPersonPaths: string[] | null
  /** Whether its payloads are sealed before they are stored. */
  tenantEncryptsPayloads: boolean
  /** Of the tenant's event types that have one, in milliseconds; null: none has. */
  tenantRetrySchedules: Record<string, number[]> | null
  /** What the tenant says for endpoints that say nothing; null: nothing. */
  tenantDefaults: EndpointDefaults | null
}

/** An endpoint's circuit breaker, as its deliveries have left it. */
export interface Health {
  circuit: 'closed' | 'open' | 'half-open'
  consecutiveFailures: number
  openedAtMs: number | null
  openUntilMs: number | null
  pauseMs: number | null
  probeUntilMs: number | null
  failingSinceMs: number | null
}

/** Everything that routing and delivering need of one app. Shared between all who ask: not to be changed. */
export interface AppRoutes {
  app: RoutedApp
  /**
   * In the order of their ids, oldest first; disabled and paused ones too. Old secrets may have expired since they were
   * read: compare `expiresAtMs`.
   */
  endpoints: Endpoint[]
  /** By endpoint id; only of endpoints that have a row of it. */
  health: Map<string, Health>
}

export interface EndpointInApp {
  endpoint: Endpoint
  health: Health | undefined
  app: RoutedApp
}

/** Endpoints that were read again, by id; undefined: it is gone. */
export type FoundEndpoints = ReadonlyMap<string, EndpointInApp | undefined>

/** One of an app's endpoints. Looked for from the first on, 2,000 of them were two million comparisons. */
export function endpointIn({ endpoints }: AppRoutes, id: string): Endpoint | undefined {
  const found = endpoints[placeOf(endpoints, id, ofEndpoint)]
  return found?.id === id ? found : undefined
}

/** The same routes with what was found in its place; of 5,000 endpoints in a fifth of a millisecond. */
export function putEndpoints(routes: AppRoutes, found: FoundEndpoints): AppRoutes {
  const { app } = routes
  const endpoints = [...routes.endpoints]
  const health = new Map(routes.health)
  for (const [id, one] of found) {
    replaceSorted(endpoints, id, ofEndpoint, one?.endpoint)
    if (one?.health) health.set(id, one.health)
    else health.delete(id)
  }
  return { app, endpoints, health }
}

function ofEndpoint({ id }: Endpoint): string {
  return id
}

/** Puts one in where it belongs, in the place of the one with that id; undefined: it is only taken out. */
export function replaceSorted<One>(
  sorted: One[],
  id: string,
  idOf: (one: One) => string,
  one: One | undefined,
): void {
  const at = placeOf(sorted, id, idOf)
  const there = at < sorted.length && idOf(sorted[at]!) === id
  sorted.splice(at, there ? 1 : 0, ...(one === undefined ? [] : [one]))
}

/** Where the one with that id is, or belongs. */
function placeOf<One>(sorted: readonly One[], id: string, idOf: (one: One) => string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (idOf(sorted[middle]!) < id) low = middle + 1
    else high = middle
  }
  return low
}
