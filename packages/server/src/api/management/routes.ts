import { z } from 'zod'
import { iso, isoOrNull } from '../../core/clock.ts'
import { invalid } from '../../core/error.ts'
import { showId } from '../../core/id.ts'
import { type Role, roles } from '../../core/role.ts'
import type { ApiKey } from '../../registry/keys/key.ts'
import type { Keys } from '../../registry/keys/store.ts'
import type { Tenant } from '../../registry/tenants/store.ts'
import { shown, tokenOut } from '../auth/tokens.ts'
import { deletedWithIt } from '../tenants/routes.ts'
import { component, name, time, nonEmpty, between } from '../field.ts'
import { resource } from '../resource.ts'
import { cloudOnly, empty, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { say } from '../../core/sentences/sentences.ts'

export type ManagementDeps = Needs<'keys' | 'tenants' | 'clock'>

const tag = 'Management'
const keyId = nonEmpty(256)
const type = z
  .enum(['development', 'production'])
  .describe('Kept, and shown; nothing else hangs on it')

const environmentOut = component('EnvironmentModelOut', {
  id: z.string(),
  name: z.string(),
  type,
  region: z.literal('self-hosted'),
  createdAt: time,
  updatedAt: time,
})

const madeEnvironment = environmentOut
  .extend({ key: z.string().describe('Its first API key, shown this once') })
  .meta({ id: 'EnvironmentModelCreatedOut' })

const environmentIn = component('EnvironmentModelIn', {
  name: name.meta({ examples: ['staging'] }),
  type,
})
const environmentUpdate = component('EnvironmentModelUpdate', {
  name: name.meta({ examples: ['staging'] }),
})

const censored = tokenOut
  .omit({ token: true })
  .extend({ censoredToken: z.string().describe('Its first characters') })
  .meta({ id: 'ApiTokenCensoredOut' })

const tokenIn = component('ApiTokenIn', {
  name: nonEmpty(256).meta({ examples: ['gateway in São Paulo'] }),
  scopes: z
    .array(z.enum(roles))
    .max(1, 'holds one role at most')
    .nullish()
    .describe('The role that it has: read, operate or administer; null: all'),
})

const expireIn = component('ApiTokenExpireIn', {
  expiry: between(0, 604_800).nullish().describe('Seconds until it ends; at once unless given'),
})

/** Tenants and their keys, as Svix's clients know them: environments and API tokens. */
export function managementRoutes(deps: ManagementDeps): Route[] {
  return [...environmentRoutes(deps), ...tokenRoutes(deps.keys)]
}

function environmentRoutes({ keys, tenants }: ManagementDeps): Route[] {
  return resource({
    path: '/api/v1/management/environment/{env_id}',
    id: 'v1.management.environment',
    tag,
    words: { one: 'an environment', many: 'environments' },
    access: 'operator',
    out: environmentOut,
    show: showEnvironment,
    list: {
      description: `An environment is a tenant. ${cloudOnly}`,
      order: 'ascending',
      iterators: 'tenant',
      find: async (_call, cursor) => await tenants.list(cursor),
    },
    create: {
      summary: 'Create an environment, with a key',
      description: cloudOnly,
      body: environmentIn,
      answers: { 201: { description: 'The environment and its first key', body: madeEnvironment } },
      async handle({ body }) {
        const { name, type } = body
        const tenant = await tenants.create({ name, environmentType: type })
        const { text } = await keys.create(tenant.id, { name: 'first' })
        return json(201, { ...showEnvironment(tenant), key: text })
      },
    },
    get: {
      description: cloudOnly,
      store: async ({ params }) => await tenants.get(params.env_id),
    },
    put: {
      summary: 'Rename an environment',
      description: cloudOnly,
      body: environmentUpdate,
      answers: { 200: { description: 'The environment', body: environmentOut } },
      store: async ({ params, body }) => ({
        row: await tenants.update(params.env_id, { name: body.name }),
        created: false,
      }),
    },
    delete: {
      description: `${deletedWithIt} The first environment is not deleted. ${cloudOnly}`,
      store: async ({ params }) => await tenants.delete(params.env_id),
    },
  })
}

function tokenRoutes(keys: Keys): Route[] {
  const path = '/api/v1/management/authentication/api-token/{key_id}'
  return [
    ...resource({
      path,
      id: 'v1.management.authentication.api-token',
      tag,
      words: { one: 'an API token', many: 'API tokens' },
      access: 'tenant',
      out: censored,
      show: showKey,
      list: {
        description: `The tenant's keys, also those that have ended. ${cloudOnly}`,
        order: 'ascending',
        iterators: 'key',
        find: async ({ holder }, cursor) => await keys.list(holder.tenantId, cursor),
      },
      create: {
        summary: 'Create an API token',
        description: `A key of the tenant. ${cloudOnly}`,
        body: tokenIn,
        answers: { 200: { description: 'The token, which is shown this once', body: tokenOut } },
        async handle({ holder, body }) {
          const role: Role | undefined = body.scopes?.[0]
          const made = await keys.create(holder.tenantId, { name: body.name, role })
          return json(200, { ...shown(made), scopes: [made.key.role] })
        },
      },
    }),
    route({
      at: `POST ${path}/expire`,
      params: { key_id: keyId },
      id: 'v1.management.authentication.expire-api-token',
      tag,
      summary: 'End an API token',
      description: `At once, or after some seconds. ${cloudOnly}`,
      access: 'tenant',
      body: expireIn.optional(),
      answers: { 204: { description: 'It ends' } },
      async handle({ holder, params, body }) {
        const key = await keys.get(holder.tenantId, params.key_id)
        if (key.appId !== null) throw invalid(['path', 'key_id'], say('token_of_app'))
        await keys.expire(holder.tenantId, params.key_id, body?.expiry ?? 0)
        return empty
      },
    }),
  ]
}

function showEnvironment(tenant: Tenant): z.output<typeof environmentOut> {
  return {
    id: showId('tenant', tenant.id),
    name: tenant.name,
    type: tenant.environmentType,
    region: 'self-hosted',
    createdAt: iso(tenant.createdAtMs),
    updatedAt: iso(tenant.updatedAtMs),
  }
}

function showKey(key: ApiKey): z.output<typeof censored> {
  const endsMs = key.revokedAtMs ?? key.expiresAtMs
  return {
    id: showId('key', key.id),
    name: key.name,
    censoredToken: key.hint,
    createdAt: iso(key.createdAtMs),
    expiresAt: isoOrNull(endsMs),
    scopes: [key.role],
  }
}
