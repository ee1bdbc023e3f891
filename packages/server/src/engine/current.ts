import type { MaybeLater } from '../core/when-there.ts'
import type { Current } from '../queue/held.ts'
import type { Claim } from '../queue/queue.ts'
import type { RegistryCache } from '../registry/cache/cache.ts'
import type { EndpointInApp } from '../registry/cache/routes.ts'

/** The claim's endpoint as it is now. */
export function currentOf(cache: RegistryCache, claim: Claim): MaybeLater<Current> {
  const known = cache.endpoint(claim.endpoint.id)
  if (!(known instanceof Promise)) return known && stateOf(known)
  // While the database is away what is in hand is sent as it was taken, as long as the lease lasts.
  return known.then((found) => (found ? stateOf(found) : 'gone')).catch(() => undefined)
}

function stateOf({ endpoint, health }: EndpointInApp) {
  return { endpoint, open: (health?.circuit ?? 'closed') === 'closed' }
}
