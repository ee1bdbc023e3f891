import { z } from 'zod'
import { iso, isoOrNull } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { ApiKey } from '../../registry/keys/key.ts'
import type { Keys } from '../../registry/keys/store.ts'
import { role } from '../auth/session/schema.ts'
import { component, instant, time, nonEmpty } from '../field.ts'
import { resource } from '../resource.ts'
import { json, type Route } from '../route.ts'

const keyIn = component('ApiKeyIn', {
  name: nonEmpty(256).meta({ description: 'What it is for', examples: ['gateway in São Paulo'] }),
  expiresAt: instant.nullish().describe('Until when it counts; null: until it is revoked'),
  role: role.nullish().describe('What it may do; null: everything'),
})

const shown = {
  id: z.string(),
  name: z.string(),
  role,
  hint: z.string().describe('Its first characters'),
  createdAt: time,
  lastUsedAt: time.nullable().describe('To the minute or so'),
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
}

const keyOut = component('ApiKeyOut', shown)
export const madeKeyOut = component('ApiKeyCreatedOut', {
  ...shown,
  key: z.string().describe('The key itself, shown this once'),
})

export function keyRoutes(keys: Keys): Route[] {
  return resource({
    path: '/api/v1/key/{key_id}',
    id: 'v1.key',
    tag: 'API Key',
    words: { one: 'an API key', many: 'keys' },
    access: 'tenant',
    out: keyOut,
    show: showKey,
    list: {
      summary: "List the tenant's API keys",
      page: 'A page of keys, oldest first; revoked ones too',
      order: 'ascending',
      iterators: 'key',
      find: async ({ holder }, cursor) => await keys.list(holder.tenantId, cursor),
    },
    create: {
      body: keyIn,
      answers: { 201: { description: 'The key, which cannot be read again', body: madeKeyOut } },
      async handle({ holder, body }) {
        const { key, text } = await keys.create(holder.tenantId, {
          name: body.name,
          expiresAtMs: body.expiresAt ?? null,
          role: body.role ?? undefined,
        })
        return json(201, { ...showKey(key), key: text })
      },
    },
    get: {
      summary: 'Get what is known of an API key',
      answers: { 200: { description: 'The key, without itself', body: keyOut } },
      store: async ({ holder, params }) => await keys.get(holder.tenantId, params.key_id),
    },
    delete: {
      id: 'v1.key.revoke',
      summary: 'Revoke an API key',
      description: 'It counts no longer, on any node, within a second; it stays in the list.',
      answers: { 204: { description: 'Revoked' } },
      store: async ({ holder, params }) => await keys.revoke(holder.tenantId, params.key_id),
    },
  })
}

function showKey(key: ApiKey): z.output<typeof keyOut> {
  return {
    id: showId('key', key.id),
    name: key.name,
    role: key.role,
    hint: key.hint,
    createdAt: iso(key.createdAtMs),
    lastUsedAt: isoOrNull(key.lastUsedAtMs),
    expiresAt: isoOrNull(key.expiresAtMs),
    revokedAt: isoOrNull(key.revokedAtMs),
  }
}
