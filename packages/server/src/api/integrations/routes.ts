import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { showId } from '../../core/id.ts'
import type { Integration, Integrations } from '../../registry/integrations/store.ts'
import { component, eventTypeName, name, time } from '../field.ts'
import { resource } from '../resource.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'

const tag = 'Integration'
const path = '/api/v1/app/{app_id}/integration/{integ_id}'

const integrationIn = component('IntegrationIn', {
  name: name.meta({ examples: ['Storefront'] }),
  featureFlags: z
    .array(eventTypeName)
    .max(100)
    .nullish()
    .describe('Event types with one of these flags are shown to its key'),
})

const integrationUpdate = integrationIn.extend({}).meta({ id: 'IntegrationUpdate' })

const integrationOut = component('IntegrationOut', {
  id: z.string(),
  name: z.string(),
  featureFlags: z.array(z.string()),
  createdAt: time,
  updatedAt: time,
})

const keyOut = component('IntegrationKeyOut', {
  key: z.string().describe('Reaches this application only'),
})

const settingsOf = ({ name, featureFlags }: z.output<typeof integrationIn>) =>
  defined({ name, featureFlags: featureFlags ?? undefined })

/** Somebody's own software that works with one app: each has a key of its own, which can be shown and changed. */
export function integrationRoutes(integrations: Integrations): Route[] {
  return [
    ...resource({
      path,
      id: 'v1.integration',
      tag,
      words: { one: 'an integration', many: 'integrations' },
      access: 'tenant',
      out: integrationOut,
      show,
      list: {
        description: cloudOnly,
        order: 'descending',
        iterators: 'integration',
        find: async (call, cursor) => await integrations.list(call.scope, cursor),
      },
      create: {
        description: cloudOnly,
        body: integrationIn,
        store: async (call) => await integrations.create(call.scope, settingsOf(call.body)),
      },
      get: {
        description: cloudOnly,
        store: async (call) => await integrations.get(call.scope, call.params.integ_id),
      },
      put: {
        summary: 'Set all of an integration',
        description: cloudOnly,
        body: integrationUpdate,
        answers: { 200: { description: 'The integration', body: integrationOut } },
        async store(call) {
          const { integ_id: id } = call.params
          const row = await integrations.update(call.scope, id, settingsOf(call.body))
          return { row, created: false }
        },
      },
      delete: {
        description: `Its key counts no longer. ${cloudOnly}`,
        store: async (call) => await integrations.delete(call.scope, call.params.integ_id),
      },
    }),
    route({
      at: `GET ${path}/key`,
      id: 'v1.integration.get-key',
      tag,
      summary: "Get an integration's key",
      description: cloudOnly,
      access: 'tenant',
      answers: { 200: { description: 'The key', body: keyOut } },
      handle: async (call) =>
        json(200, { key: await integrations.key(call.scope, call.params.integ_id) }),
    }),
    route({
      at: `POST ${path}/key/rotate`,
      id: 'v1.integration.rotate-key',
      tag,
      summary: 'Give an integration another key',
      description: `The one before counts no longer, on any node, within a second. ${cloudOnly}`,
      access: 'tenant',
      answers: { 200: { description: 'The new key', body: keyOut } },
      handle: async (call) =>
        json(200, { key: await integrations.rotateKey(call.scope, call.params.integ_id) }),
    }),
  ]
}

function show(integration: Integration): z.output<typeof integrationOut> {
  return {
    id: showId('integration', integration.id),
    name: integration.name,
    featureFlags: integration.featureFlags,
    createdAt: iso(integration.createdAtMs),
    updatedAt: iso(integration.updatedAtMs),
  }
}
