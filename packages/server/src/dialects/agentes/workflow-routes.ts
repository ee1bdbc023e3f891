/** `n8n_workflows`: register, list, read, change, remove; and hand data to those that are meant. */
import { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import { memberText } from '../../core/json.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import { bodyOf, readBody } from '../contract/request.ts'
import type { Routes } from '../contract/routes.ts'
import { tagsOf } from './about.ts'
import { catalogue } from './events.ts'
import { givenId, idOf } from './organizations.ts'
import { create, found, ownerOf, type RegisteredDeps, syncType } from './registered.ts'
import { registeredRoutes } from './registered-routes.ts'
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

const allTypes = catalogue.map(({ name }) => name)

export function workflowRoutes(on: Routes, deps: RegisteredDeps, rate: UserRate): void {
  registeredRoutes(on, deps, {
    kind: 'n8n',
    path: '/api/webhooks/n8n/workflows',
    plural: 'workflows',
    body: workflowIn,
    required: ['webhook_url', 'workflow_id'],
    wanted: (given, value) => ({
      name: given.name,
      url: given.webhook_url,
      events: given.event_types,
      secret: given.secret,
      isActive: given.is_active,
      metadata: {
        ...ownerOf(value),
        ...(given.workflow_id !== undefined && { workflow_id: given.workflow_id }),
      },
    }),
    fresh: ({ webhook_url: url, workflow_id: id, name }) => ({
      wanted: { url: url!, uid: workflowUid(id!), name: name ?? id },
      shown: {},
    }),
    checkChange({ workflow_id: id }, _value, { endpoint }) {
      if (id !== undefined && id !== workflowIdOf(endpoint))
        throw invalid(['body', 'workflow_id'], 'cannot be changed; register another workflow')
    },
    find: async (caller, id) => await named(deps, caller, id),
    show: (one, counts) => showWorkflow(one, counts, allTypes),
  })
  sync(on, deps, rate)
}

/** By its id of ours, or by n8n's in the usual organisation. */
async function named(deps: RegisteredDeps, caller: Caller, text: string) {
  const { ports, organizations } = deps
  const app = await organizations.ensure(caller, undefined)
  const endpoint = await ports.endpoints.find(app, workflowUid(text))
  return endpoint ? { endpoint, app } : await found(ports, caller, 'n8n', text)
}

const syncIn = z.object({
  sync_type: z.string().regex(/^[\w./-]{1,200}$/, 'names a workflow, such as user-registration'),
  data: z.record(z.string(), z.unknown()).default({}),
  user_id: givenId,
  organization_id: givenId,
})

/** Hands data to the workflows that `sync_type` means, whatever they are subscribed to. */
function sync(on: Routes, deps: RegisteredDeps, rate: UserRate): void {
  const { ports, organizations, values } = deps
  on.post('/api/webhooks/n8n/sync', async (caller, request) => {
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
    return {
      success: true,
      sync_type: given.sync_type,
      event_id: events[0]!.event_id,
      workflows: events,
    }
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
