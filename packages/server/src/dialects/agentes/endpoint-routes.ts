/** `webhook_endpoints`: create, list, read, update, delete. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { invalid } from '../../core/error.ts'
import {
  bearerKey,
  bodyOf,
  param,
  readBody,
  readQuery,
  sendJson,
  wholeNumber,
} from '../contract/request.ts'
import { idOf } from './organizations.ts'
import {
  changesOf,
  countsOf,
  create,
  type EndpointIn,
  endpointIn,
  found,
  ownerOf,
  type RegisteredDeps,
  showEndpoint,
  type Wanted,
} from './registered.ts'

const endpoints = '/api/webhooks/endpoints'
const endpoint = `${endpoints}/:id`

const listQuery = z.object({
  organization_id: z.string().optional(),
  user_id: z.string().optional(),
  limit: wholeNumber(1, 200).optional(),
  offset: wholeNumber(0, 1_000_000).optional(),
})

export function endpointRoutes(app: FastifyInstance, deps: RegisteredDeps): void {
  const { ports, organizations } = deps
  app.post(endpoints, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const given = readBody(endpointIn, request)
    const { value } = bodyOf(request)
    const { url } = given
    if (url === undefined) throw invalid(['body', 'url'], 'field required', 'value_error.missing')
    if (!given.name) throw invalid(['body', 'name'], 'field required', 'value_error.missing')
    const one = await organizations.ensure(caller, idOf(value, 'organization_id'))
    const made = await create(deps, caller, one, 'endpoint', { ...wantedOf(given, value), url })
    // Shown this once, so that it can be handed on.
    const secret = given.secret ? { secret: given.secret } : {}
    const shown = showEndpoint({ endpoint: made, app: one }, undefined)
    return sendJson(reply, 201, { ...shown, ...secret })
  })
  app.get(endpoints, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const query = readQuery(listQuery, request)
    const { organization_id, user_id, limit = 50, offset = 0 } = query
    const appId =
      organization_id === undefined
        ? undefined
        : (await organizations.find(caller, organization_id)).id
    const metadata = { kind: 'endpoint', ...(user_id !== undefined && { user_id }) }
    const { rows, total } = await ports.endpoints.list(caller, {
      dialect: 'agentes',
      metadata,
      limit,
      offset,
      ...(appId !== undefined && { appId }),
    })
    const counts = await countsOf(ports, caller, appId)
    const shown = rows.map((row) => showEndpoint(row, counts.get(row.endpoint.id)))
    return sendJson(reply, 200, { endpoints: shown, total, limit, offset })
  })
  app.get(endpoint, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const one = await found(ports, caller, 'endpoint', param(request, 'id'))
    const counts = await countsOf(ports, caller, one.app.id)
    return sendJson(reply, 200, showEndpoint(one, counts.get(one.endpoint.id)))
  })
  for (const method of ['PUT', 'PATCH'] as const)
    app.route({
      method,
      url: endpoint,
      async handler(request, reply) {
        const caller = await ports.authenticate(bearerKey(request))
        const one = await found(ports, caller, 'endpoint', param(request, 'id'))
        const given = readBody(endpointIn, request)
        const { value } = bodyOf(request)
        const organization = idOf(value, 'organization_id')
        if (organization !== undefined && organization !== one.app.uid)
          throw invalid(['body', 'organization_id'], 'cannot be changed; make another endpoint')
        const changes = await changesOf(deps, caller, wantedOf(given, value), one.endpoint)
        const patched = await ports.endpoints.patch(one.app, one.endpoint.id, changes)
        const counts = await countsOf(ports, caller, one.app.id)
        const shown = showEndpoint({ endpoint: patched, app: one.app }, counts.get(patched.id))
        return sendJson(reply, 200, shown)
      },
    })
  app.delete(endpoint, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const one = await found(ports, caller, 'endpoint', param(request, 'id'))
    await ports.endpoints.delete(one.app, one.endpoint.id)
    return reply.code(204).send()
  })
}

function wantedOf(given: EndpointIn, value: unknown): Wanted {
  return {
    name: given.name,
    url: given.url,
    events: given.events,
    secret: given.secret,
    isActive: given.is_active,
    rateLimit: given.rate_limit,
    metadata: ownerOf(value),
  }
}
