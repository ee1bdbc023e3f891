/**
 * The registry: tenants, API keys, apps, endpoints and event types, and the bounded cache of them (cache/cache.ts).
 *
 * It promises that whatever it answered "done" to is committed, that this node acts on it at once and every other
 * within a second, and that secrets and headers are in the database only sealed. Refusals are errors of core/error.ts
 * that name the field at fault.
 */
import type { Clock } from '../core/clock.ts'
import type { SignatureHeaders } from '../core/endpoint.ts'
import type { EndpointDefaults } from '../core/endpoint-defaults.ts'
import type { Pool } from '../db/pool.ts'
import type { Seal } from '../db/seal.ts'
import { createApps, type Apps } from './apps/store.ts'
import { RegistryCache } from './cache/cache.ts'
import type { EndpointRules } from './endpoints/settings.ts'
import { createEndpoints, type Endpoints } from './endpoints/store.ts'
import { createEventTypes, type EventTypes } from './event-types/store.ts'
import { createIntegrations, type Integrations } from './integrations/store.ts'
import { createPollers, type Pollers } from './pollers/store.ts'
import { createKeys, type Keys } from './keys/store.ts'
import { createSessions, type Sessions } from './sessions/store.ts'
import { createTenants, type Tenants } from './tenants/store.ts'
import { createWrite } from './writer.ts'

export interface Registry {
  tenants: Tenants
  keys: Keys
  sessions: Sessions
  apps: Apps
  endpoints: Endpoints
  eventTypes: EventTypes
  pollers: Pollers
  integrations: Integrations
  /** Started and stopped by whoever makes the registry. */
  cache: RegistryCache
}

export interface RegistryOptions {
  pool: Pool
  seal: Seal
  clock: Clock
  rules: EndpointRules
  /** How endpoints sign where neither they nor their tenant say anything; default `webhook`. */
  signatureHeaders?: SignatureHeaders
  /** What holds for endpoints where neither they nor their tenant say anything. */
  defaults?: EndpointDefaults
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
  signatureHeaders = 'webhook',
  defaults = {},
  cacheBytes,
  report = () => {},
  mended = () => {},
}: RegistryOptions): Registry {
  const opener = {
    seal,
    unreadable: (error: unknown, endpointId: string) =>
      report(error, `endpoint ${endpointId} is held until its secrets can be opened`),
  }
  const cache = new RegistryCache({
    pool,
    opener,
    clock,
    maxBytes: cacheBytes,
    defaults,
    report,
    mended,
  })
  const write = createWrite(pool, (...change) => cache.invalidate(...change))
  return {
    tenants: createTenants({ pool, seal, clock, write }),
    keys: createKeys({ pool, clock, write }),
    sessions: createSessions({ pool, clock, write }),
    apps: createApps({ pool, clock, write }),
    endpoints: createEndpoints({ pool, clock, opener, rules, signatureHeaders, defaults, write }),
    eventTypes: createEventTypes({ pool, write }),
    pollers: createPollers({ pool, clock, rules, write }),
    integrations: createIntegrations({ pool, clock, seal, write }),
    cache,
  }
}
