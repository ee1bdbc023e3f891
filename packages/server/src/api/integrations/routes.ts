import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { Integration, Integrations } from '../../registry/integrations/store.ts'
import type { Holder } from '../access.ts'
import { appId } from '../apps/schema.ts'
import { component, defined, eventTypeName, name, time } from '../field.ts'
import { resource } from '../resource.ts'
import { json, type Route, route } from '../route.ts'

const tag = 'Integration'
const path = '/api/v1/app/{app_id}/integration'
const cloudOnly = "In Svix's cloud only; its open-source server has no such path."
const integrationId = z.string().min(1).max(256)
const params = z.object({ app_id: appId, integ_id: integrationId })

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

type Scoped = { holder: Holder; appId: string }
const scopeOf = ({ holder, appId }: Scoped) => ({ tenantId: holder.tenantId, appId })
const settingsOf = ({ name, featureFlags }: z.output<typeof integrationIn>) =>
  defined({ name, featureFlags: featureFlags ?? undefined })

/** Somebody's own software that works with one app: each has a key of its own, which can be shown and changed. */
export function integrationRoutes(integrations: Integrations): Route[] {
  return [
    ...resource({
      path,
      within: { app_id: appId },
      key: { integ_id: integrationId },
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
        find: async (call, cursor) => await integrations.list(scopeOf(call), cursor),
      },
      create: {
        description: cloudOnly,
        body: integrationIn,
        store: async (call) => await integrations.create(scopeOf(call), settingsOf(call.body)),
      },
      get: {
        description: cloudOnly,
        store: async (call) => await integrations.get(scopeOf(call), call.params.integ_id),
      },
      put: {
        summary: 'Set all of an integration',
        description: cloudOnly,
        body: integrationUpdate,
        answers: { 200: { description: 'The integration', body: integrationOut } },
        async store(call) {
          const { integ_id: id } = call.params
          const row = await integrations.update(scopeOf(call), id, settingsOf(call.body))
          return { row, created: false }
        },
      },
      delete: {
        description: `Its key counts no longer. ${cloudOnly}`,
        store: async (call) => await integrations.delete(scopeOf(call), call.params.integ_id),
      },
    }),
    route({
      method: 'GET',
      path: `${path}/{integ_id}/key`,
      id: 'v1.integration.get-key',
      tag,
      summary: "Get an integration's key",
      description: cloudOnly,
      access: 'tenant',
      params,
      answers: { 200: { description: 'The key', body: keyOut } },
      handle: async (call) =>
        json(200, { key: await integrations.key(scopeOf(call), call.params.integ_id) }),
    }),
    route({
      method: 'POST',
      path: `${path}/{integ_id}/key/rotate`,
      id: 'v1.integration.rotate-key',
      tag,
      summary: 'Give an integration another key',
      description: `The one before counts no longer, on any node, within a second. ${cloudOnly}`,
      access: 'tenant',
      params,
      answers: { 200: { description: 'The new key', body: keyOut } },
      handle: async (call) =>
        json(200, { key: await integrations.rotateKey(scopeOf(call), call.params.integ_id) }),
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
