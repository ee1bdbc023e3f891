import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { ApiKey } from '../../registry/keys/key.ts'
import type { Keys } from '../../registry/keys/store.ts'
import { instant, time } from '../field.ts'
import {
  listOf,
  orderQuery,
  pageQuery,
  readIdCursor,
  registryPage,
  registryRange,
} from '../pagination.ts'
import { empty, json, type Route, route } from '../route.ts'

const tag = 'API Key'
const params = z.object({
  key_id: z
    .string()
    .min(1)
    .max(256)
    .meta({ examples: ['key_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
})

const keyIn = z
  .object({
    name: z
      .string()
      .min(1)
      .max(256)
      .meta({ description: 'What it is for', examples: ['gateway in São Paulo'] }),
    expiresAt: instant
      .nullish()
      .meta({ description: 'Until when it counts; null: until it is revoked' }),
  })
  .meta({ id: 'ApiKeyIn' })

const shown = {
  id: z.string(),
  name: z.string(),
  hint: z.string().meta({ description: 'Its first characters' }),
  createdAt: time,
  lastUsedAt: time.nullable().meta({ description: 'To the minute or so' }),
  expiresAt: time.nullable(),
  revokedAt: time.nullable(),
}

const keyOut = z.object(shown).meta({ id: 'ApiKeyOut' })
export const madeKeyOut = z
  .object({ ...shown, key: z.string().meta({ description: 'The key itself, shown this once' }) })
  .meta({ id: 'ApiKeyCreatedOut' })

export function keyRoutes(keys: Keys): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/key',
      id: 'v1.key.list',
      tag,
      summary: "List the tenant's API keys",
      access: 'tenant',
      query: z.object({ ...pageQuery, ...orderQuery }),
      answers: {
        200: {
          description: 'A page of keys, oldest first; revoked ones too',
          body: listOf(keyOut),
        },
      },
      async handle({ holder, query }) {
        const cursor = readIdCursor(query, 'ascending', 'key')
        return json(
          200,
          registryPage(
            await keys.list(holder.tenantId, registryRange(cursor)),
            cursor,
            'key',
            showKey,
          ),
        )
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/key',
      id: 'v1.key.create',
      tag,
      summary: 'Create an API key',
      access: 'tenant',
      body: keyIn,
      answers: { 201: { description: 'The key, which cannot be read again', body: madeKeyOut } },
      async handle({ holder, body }) {
        const { key, text } = await keys.create(holder.tenantId, {
          name: body.name,
          expiresAtMs: body.expiresAt ?? null,
        })
        return json(201, { ...showKey(key), key: text })
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/key/{key_id}',
      id: 'v1.key.get',
      tag,
      summary: 'Get what is known of an API key',
      access: 'tenant',
      params,
      answers: { 200: { description: 'The key, without itself', body: keyOut } },
      handle: async ({ holder, params: { key_id } }) =>
        json(200, showKey(await keys.get(holder.tenantId, key_id))),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/key/{key_id}',
      id: 'v1.key.revoke',
      tag,
      summary: 'Revoke an API key',
      description: 'It counts no longer, on any node, within a second; it stays in the list.',
      access: 'tenant',
      params,
      answers: { 204: { description: 'Revoked' } },
      async handle({ holder, params: { key_id } }) {
        await keys.revoke(holder.tenantId, key_id)
        return empty
      },
    }),
  ]
}

function showKey(key: ApiKey): z.output<typeof keyOut> {
  const when = (ms: number | null) => (ms === null ? null : iso(ms))
  return {
    id: showId('key', key.id),
    name: key.name,
    hint: key.hint,
    createdAt: iso(key.createdAtMs),
    lastUsedAt: when(key.lastUsedAtMs),
    expiresAt: when(key.expiresAtMs),
    revokedAt: when(key.revokedAtMs),
  }
}
