/**
 * The registry: tenants, API keys, apps, endpoints and event types, and the bounded cache of them (cache.ts).
 *
 * It promises that whatever it answered "done" to is committed, that this node acts on it at once and every other within a second, and
 * that secrets and headers are in the database only sealed. Refusals are errors of core/error.ts that name the field at fault.
 */
import type { Clock } from '../core/clock.ts'
import type { Change } from '../db/changes.ts'
import type { Pool } from '../db/pool.ts'
import type { Seal } from '../db/seal.ts'
import { createApps, type Apps } from './apps/store.ts'
import { RegistryCache } from './cache.ts'
import type { EndpointRules } from './endpoints/settings.ts'
import { createEndpoints, type Endpoints } from './endpoints/store.ts'
import { createEventTypes, type EventTypes } from './event-types/store.ts'
import { createKeys, type Keys } from './keys/store.ts'
import { createTenants, type Tenants } from './tenants/store.ts'

export interface Registry {
  tenants: Tenants
  keys: Keys
  apps: Apps
  endpoints: Endpoints
  eventTypes: EventTypes
  /** Started and stopped by whoever makes the registry. */
  cache: RegistryCache
}

export interface RegistryOptions {
  pool: Pool
  seal: Seal
  clock: Clock
  rules: EndpointRules
  /** Bound of the cache; default 64 MiB. */
  cacheBytes?: number
  /** Hears of what goes wrong beside the requests. */
  report?: (error: unknown, about: string) => void
  /** Hears that it is over. */
  mended?: (about: string) => void
}

export function createRegistry({
  pool,
  seal,
  clock,
  rules,
  cacheBytes,
  report = () => {},
  mended = () => {},
}: RegistryOptions): Registry {
  const cache = new RegistryCache({
    pool,
    seal,
    clock,
    report,
    mended,
    ...(cacheBytes !== undefined && { maxBytes: cacheBytes }),
  })
  const changed = (kind: Change['kind'], key: string): void => cache.invalidate(kind, key)
  const opener = {
    seal,
    unreadable: (error: unknown, endpointId: string) =>
      report(error, `endpoint ${endpointId} is held until its secrets can be opened`),
  }
  return {
    tenants: createTenants({ pool, clock, changed }),
    keys: createKeys({ pool, clock, changed }),
    apps: createApps({ pool, clock, changed }),
    endpoints: createEndpoints({ pool, clock, opener, rules, changed }),
    eventTypes: createEventTypes({ pool, changed }),
    cache,
  }
}
