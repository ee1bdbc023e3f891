import type { Apps } from '../../registry/apps/store.ts'
import { type EndpointCollectionDeps, endpointCollectionRoutes } from '../endpoints/collection.ts'
import type { Route } from '../route.ts'

/**
 * Endpoints that hear of the tenant's own webhooks: they live in a hidden app, which is made with the first look at
 * it.
 */
export function operationalWebhookRoutes(deps: EndpointCollectionDeps & { apps: Apps }): Route[] {
  return endpointCollectionRoutes(deps, {
    path: '/api/v1/operational-webhook/endpoint',
    id: 'v1.operational-webhook.endpoint',
    tag: 'Operational Webhook Endpoint',
    access: 'tenant',
    within: {},
    checkTypes: async () => {},
    async scope({ holder }) {
      const app = await deps.apps.operational(holder.tenantId)
      return { tenantId: holder.tenantId, appId: app.id }
    },
  })
}
