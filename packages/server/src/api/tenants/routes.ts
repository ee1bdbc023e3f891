import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { signatureHeaderNames } from '../../core/endpoint.ts'
import { showId } from '../../core/id.ts'
import { personPathForm } from '../../core/person.ts'
import type { Role } from '../../core/role.ts'
import type { Keys } from '../../registry/keys/store.ts'
import type { Tenant, Tenants } from '../../registry/tenants/store.ts'
import { component, bounded, time, nonEmpty } from '../field.ts'
import {
  defaultsOf,
  endpointDefaults,
  endpointDefaultsOut,
  showDefaults,
} from '../endpoints/defaults-schema.ts'
import { resource } from '../resource.ts'
import { json, type Route } from '../route.ts'

const fields = {
  name: nonEmpty(1_000),
  retentionDays: bounded(1, 3_650)
    .nullish()
    .describe('Days that messages are kept; null: as configured for all'),
  acceptRate: bounded(1, 1_000_000)
    .nullish()
    .describe('Messages a second that it may send in; null: no limit'),
  personPaths: z
    .array(z.string().meta({ maxLength: 200, pattern: personPathForm }))
    .meta({ maxItems: 50 })
    .nullish()
    .meta({
      description:
        'Where payloads name a person, so that theirs can be found at once by keyed hashes: `*` is any ' +
        'member, `**` any depth; null: none are kept',
      examples: [['user_id', '**.email', '**.phone']],
    }),
  encryptPayloads: z
    .boolean()
    .optional()
    .describe('Seal the payloads of messages that come from here on in the database'),
  allowUnknownEventTypes: z
    .boolean()
    .optional()
    .describe(
      'Endpoints may subscribe to event types that were never created; else a tenant that has created any ' +
        'has to have created those too',
    ),
  signatureHeaders: z
    .enum(signatureHeaderNames)
    .nullish()
    .describe(
      'How new endpoints sign that do not say it themselves; null: as POMBO_SIGNATURE_HEADERS',
    ),
  endpointDefaults: endpointDefaults.nullish(),
}

/** From the API's words to the registry's. */
function settingsOf({ endpointDefaults: given, ...body }: z.output<typeof tenantPatch>) {
  return defined({ ...body, endpointDefaults: given == null ? given : defaultsOf(given) })
}

const tenantIn = component('TenantIn', fields)
const tenantPatch = component('TenantPatch', { ...fields, name: fields.name.optional() })
const shown = {
  id: z.string(),
  name: z.string(),
  retentionDays: z.int().nullable(),
  acceptRate: z.int().nullable(),
  personPaths: z.array(z.string()).nullable(),
  encryptPayloads: z.boolean(),
  allowUnknownEventTypes: z.boolean(),
  signatureHeaders: z.enum(signatureHeaderNames).nullable(),
  endpointDefaults: endpointDefaultsOut.nullable(),
  createdAt: time,
}
const tenantOut = component('TenantOut', shown)
const madeTenantOut = component('TenantCreatedOut', {
  ...shown,
  key: z.string().describe('Its first API key, shown this once'),
})

export const deletedWithIt =
  'Its applications, endpoints, sources, event types and keys go with it. Its messages are out of reach at once, and ' +
  'are deleted when they would have been anyway.'

/** For the operator, whose tenant is the first one of a Pombo. */
export function tenantRoutes(tenants: Tenants, keys: Keys): Route[] {
  return resource({
    path: '/api/v1/tenant/{tenant_id}',
    id: 'v1.tenant',
    tag: 'Tenant',
    words: { one: 'a tenant', many: 'tenants' },
    access: 'operator',
    out: tenantOut,
    show: showTenant,
    list: {
      order: 'ascending',
      iterators: 'tenant',
      find: async (_call, cursor) => await tenants.list(cursor),
    },
    create: {
      summary: 'Create a tenant, with a key',
      body: tenantIn,
      answers: {
        201: {
          description: 'The tenant and its first key, which cannot be read again',
          body: madeTenantOut,
        },
      },
      async handle(call) {
        const { body } = call
        const tenant = await tenants.create({ ...settingsOf(body), name: body.name })
        const { text } = await keys.create(tenant.id, { name: 'first' })
        return json(201, { ...showTenant(tenant, call), key: text })
      },
    },
    get: { store: async ({ params }) => await tenants.get(params.tenant_id) },
    patch: {
      id: 'v1.tenant.update',
      body: tenantPatch,
      store: async ({ params, body }) => await tenants.update(params.tenant_id, settingsOf(body)),
    },
    delete: {
      description: `${deletedWithIt} The first tenant is not deleted.`,
      store: async ({ params }) => await tenants.delete(params.tenant_id),
    },
  })
}

function showTenant(
  tenant: Tenant,
  { holder: { role } }: { holder: { role: Role } },
): z.output<typeof tenantOut> {
  return {
    id: showId('tenant', tenant.id),
    name: tenant.name,
    retentionDays: tenant.retentionDays,
    acceptRate: tenant.acceptRate,
    personPaths: tenant.personPaths,
    encryptPayloads: tenant.encryptPayloads,
    allowUnknownEventTypes: tenant.allowUnknownEventTypes,
    signatureHeaders: tenant.signatureHeaders,
    endpointDefaults: showDefaults(role, tenant.endpointDefaults),
    createdAt: iso(tenant.createdAtMs),
  }
}
