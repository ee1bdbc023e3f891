import { type FieldProblem, invalidFields } from '../../core/error.ts'
import { nearest } from '../../core/nearest.ts'
import { operationalTypes } from '../../core/operational-types.ts'
import type { Apps } from '../../registry/apps/store.ts'
import { operationalBodies } from '../endpoints/operational-schema.ts'
import { type EndpointCollectionDeps, endpointCollectionRoutes } from '../endpoints/collection.ts'
import type { Route } from '../route.ts'

/**
 * Endpoints that hear of the tenant's own webhooks: they live in a hidden app, which is made with the first look at
 * it.
 */
export function operationalWebhookRoutes(deps: EndpointCollectionDeps & { apps: Apps }): Route[] {
  return endpointCollectionRoutes(deps, {
    path: '/api/v1/operational-webhook/endpoint/{endpoint_id}',
    // The document has always said that its list may answer 404.
    params: {},
    id: 'v1.operational-webhook.endpoint',
    tag: 'Operational Webhook Endpoint',
    access: 'tenant',
    bodies: operationalBodies,
    checkTypes: async (_holder, wanted) => refuseOtherTypes(wanted),
    async scope({ scope: { tenantId } }) {
      const app = await deps.apps.operational(tenantId)
      return { tenantId, appId: app.id }
    },
  })
}

/** A subscription to what is never told would get nothing, for ever and without a word. */
function refuseOtherTypes(wanted: readonly string[] | null | undefined): void {
  const problems = (wanted ?? []).flatMap((name, index): FieldProblem[] => {
    const prefix = name.endsWith('.*') ? name.slice(0, -1) : undefined
    const isKnown =
      name === '*' ||
      operationalTypes.some((type) =>
        prefix === undefined ? type === name : type.startsWith(prefix),
      )
    if (isKnown) return []
    const near = nearest(name, operationalTypes)
    const mend =
      near === undefined ? `there are ${operationalTypes.join(', ')}` : `did you mean "${near}"?`
    const msg = `there is no operational event "${name}"; ${mend}`
    return [
      {
        loc: ['body', 'eventTypes', String(index)],
        msg,
        type: 'value_error',
        code: 'unknown_event_type',
        values: { name, near: near ?? '' },
      },
    ]
  })
  if (problems.length > 0) throw invalidFields(problems)
}
