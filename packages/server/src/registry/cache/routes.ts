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

/** One of an app's endpoints. Looked for from the first on, 2,000 of them were two million comparisons. */
export function endpointIn({ endpoints }: AppRoutes, id: string): Endpoint | undefined {
  let low = 0
  let high = endpoints.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (endpoints[middle]!.id < id) low = middle + 1
    else high = middle
  }
  return endpoints[low]?.id === id ? endpoints[low] : undefined
}
