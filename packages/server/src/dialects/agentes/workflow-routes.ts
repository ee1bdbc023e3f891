/** `n8n_workflows`: register, list, read, change, remove; and hand data to those that are meant. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import { memberText } from '../../core/json.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Caller } from '../contract/caller.ts'
import type { DialectApp } from '../contract/caller.ts'
import {
  bearerKey,
  bodyOf,
  param,
  readBody,
  readQuery,
  sendJson,
  wholeNumber,
} from '../contract/request.ts'
import { tagsOf } from './about.ts'
import { catalogue } from './events.ts'
import { idOf } from './organizations.ts'
import {
  changesOf,
  countsOf,
  create,
  found,
  ownerOf,
  type RegisteredDeps,
  syncType,
  type Wanted,
} from './registered.ts'
import { acceptedAnswer } from './status.ts'
import type { UserRate } from './user-rate.ts'
import {
  isMeant,
  showWorkflow,
  workflowIdOf,
  workflowIn,
  workflowUid,
  workflowUrl,
} from './workflows.ts'

const workflows = '/api/webhooks/n8n/workflows'
const allTypes = catalogue.map(({ name }) => name)

const listQuery = z.object({
  organization_id: z.string().optional(),
  limit: wholeNumber(1, 200).optional(),
  offset: wholeNumber(0, 1_000_000).optional(),
})

export function workflowRoutes(app: FastifyInstance, deps: RegisteredDeps, rate: UserRate): void {
  const { ports, organizations } = deps
  app.post(workflows, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const given = readBody(workflowIn, request)
    const { webhook_url: url, workflow_id: id } = given
    if (url === undefined)
      throw invalid(['body', 'webhook_url'], 'field required', 'value_error.missing')
    if (id === undefined)
      throw invalid(['body', 'workflow_id'], 'field required', 'value_error.missing')
    const { value } = bodyOf(request)
    const one = await organizations.ensure(caller, idOf(value, 'organization_id'))
    const wanted = { ...wantedOf(given, value), url, uid: workflowUid(id) }
    const made = await create(deps, caller, one, 'n8n', { ...wanted, name: given.name ?? id })
    return sendJson(reply, 201, showWorkflow({ endpoint: made, app: one }, undefined, allTypes))
  })
  app.get(workflows, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const { organization_id, limit = 50, offset = 0 } = readQuery(listQuery, request)
    const one = organization_id ? await organizations.find(caller, organization_id) : undefined
    const { rows, total } = await ports.endpoints.list(caller, {
      dialect: 'agentes',
      metadata: { kind: 'n8n' },
      limit,
      offset,
      ...(one && { appId: one.id }),
    })
    const counts = await countsOf(ports, caller, one?.id)
    const shown = rows.map((row) => showWorkflow(row, counts.get(row.endpoint.id), allTypes))
    return sendJson(reply, 200, { workflows: shown, total, limit, offset })
  })
  app.get(`${workflows}/:id`, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const one = await named(deps, caller, param(request, 'id'))
    const counts = await countsOf(ports, caller, one.app.id)
    return sendJson(reply, 200, showWorkflow(one, counts.get(one.endpoint.id), allTypes))
  })
  for (const method of ['PUT', 'PATCH'] as const)
    app.route({
      method,
      url: `${workflows}/:id`,
      async handler(request, reply) {
        const caller = await ports.authenticate(bearerKey(request))
        const one = await named(deps, caller, param(request, 'id'))
        const given = readBody(workflowIn, request)
        if (given.workflow_id !== undefined && given.workflow_id !== workflowIdOf(one.endpoint))
          throw invalid(['body', 'workflow_id'], 'cannot be changed; register another workflow')
        const wanted = wantedOf(given, bodyOf(request).value)
        const changes = await changesOf(deps, caller, wanted, one.endpoint)
        const patched = await ports.endpoints.patch(one.app, one.endpoint.id, changes)
        const counts = await countsOf(ports, caller, one.app.id)
        const shown = { endpoint: patched, app: one.app }
        return sendJson(reply, 200, showWorkflow(shown, counts.get(patched.id), allTypes))
      },
    })
  app.delete(`${workflows}/:id`, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const one = await named(deps, caller, param(request, 'id'))
    await ports.endpoints.delete(one.app, one.endpoint.id)
    return reply.code(204).send()
  })
  sync(app, deps, rate)
}

/** By its id of ours, or by n8n's in the usual organisation. */
async function named(deps: RegisteredDeps, caller: Caller, text: string) {
  const { ports, organizations } = deps
  const app = await organizations.ensure(caller, undefined)
  const endpoint = await ports.endpoints.find(app, workflowUid(text))
  return endpoint ? { endpoint, app } : await found(ports, caller, 'n8n', text)
}

function wantedOf(given: z.output<typeof workflowIn>, value: unknown): Wanted {
  return {
    name: given.name,
    url: given.webhook_url,
    events: given.event_types,
    secret: given.secret,
    isActive: given.is_active,
    metadata: {
      ...ownerOf(value),
      ...(given.workflow_id !== undefined && { workflow_id: given.workflow_id }),
    },
  }
}

const syncIn = z.object({
  sync_type: z.string().regex(/^[\w./-]{1,200}$/, 'names a workflow, such as user-registration'),
  data: z.record(z.string(), z.unknown()).default({}),
})

/** Hands data to the workflows that `sync_type` means, whatever they are subscribed to. */
function sync(app: FastifyInstance, deps: RegisteredDeps, rate: UserRate): void {
  const { ports, organizations, values } = deps
  app.post('/api/webhooks/n8n/sync', async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const given = readBody(syncIn, request)
    const { value, text } = bodyOf(request)
    const userId = idOf(value, 'user_id') ?? idOf(given.data, 'user_id')
    rate.check(caller.tenantId, userId)
    const one = await organizations.ensure(caller, idOf(value, 'organization_id'))
    const meant = await meantBy(deps, caller, one, given.sync_type)
    const events = []
    for (const endpoint of meant) {
      const accepted = await ports.accept({
        tenantId: one.tenantId,
        appId: one.id,
        eventType: eventOf(endpoint),
        payload: memberText(text, 'data') ?? '{}',
        tags: tagsOf({ source: 'api', userId }),
        onlyEndpointId: endpoint.id,
      })
      const workflow = { workflow_id: workflowIdOf(endpoint), name: endpoint.description }
      events.push({ ...workflow, ...acceptedAnswer(accepted, values, ports) })
    }
    return sendJson(reply, 200, {
      success: true,
      sync_type: given.sync_type,
      event_id: events[0]!.event_id,
      workflows: events,
    })
  })
}

async function meantBy(
  deps: RegisteredDeps,
  caller: Caller,
  app: DialectApp,
  name: string,
): Promise<Endpoint[]> {
  const { ports, values } = deps
  const known = (await ports.endpoints.ofApp(app)).filter(
    ({ dialect, metadata }) => dialect === 'agentes' && metadata['kind'] === 'n8n',
  )
  const meant = known.filter((endpoint) => isMeant(endpoint, name))
  if (meant.length > 0) return meant
  const isOperator = (await ports.operator()).tenantId === caller.tenantId
  if (values.n8nUrl === undefined || !isOperator)
    throw new PomboError('not_found', { what: 'n8n workflow for the sync_type', id: name })
  // n8n has the webhook under that name, or says that it has not: the delivery's log tells.
  const made = await create(deps, caller, app, 'n8n', {
    name,
    url: workflowUrl(values.n8nUrl, name),
    metadata: { workflow_id: name },
    uid: workflowUid(name.replaceAll('/', '.')),
    syncOnly: true,
  })
  return [made]
}

function eventOf({ eventTypes }: Endpoint): string {
  return eventTypes?.length === 1 ? eventTypes[0]! : syncType
}
