/** `webhook_endpoints`: create, list, read, update, delete. */
import { invalid } from '../../core/error.ts'
import type { Routes } from '../contract/routes.ts'
import { idOf } from './organizations.ts'
import { endpointIn, found, ownerOf, type RegisteredDeps, showEndpoint } from './registered.ts'
import { registeredRoutes } from './registered-routes.ts'

export function endpointRoutes(on: Routes, deps: RegisteredDeps): void {
  registeredRoutes(on, deps, {
    kind: 'endpoint',
    path: '/api/webhooks/endpoints',
    plural: 'endpoints',
    body: endpointIn,
    required: ['url', 'name'],
    wanted: (given, value) => ({
      name: given.name,
      url: given.url,
      events: given.events,
      secret: given.secret,
      isActive: given.is_active,
      rateLimit: given.rate_limit,
      metadata: ownerOf(value),
    }),
    // The secret is shown this once, so that it can be handed on.
    fresh: ({ url, secret }) => ({ wanted: { url: url! }, shown: secret ? { secret } : {} }),
    checkChange(_given, value, one) {
      const organization = idOf(value, 'organization_id')
      if (organization !== undefined && organization !== one.app.uid)
        throw invalid(['body', 'organization_id'], 'cannot be changed; make another endpoint')
    },
    find: async (caller, id) => await found(deps.ports, caller, 'endpoint', id),
    show: showEndpoint,
  })
}
