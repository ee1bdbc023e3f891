import type { Selectable } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import { invalid, PomboError } from '../../core/error.ts'
import { showId, uuidv7 } from '../../core/id.ts'
import { noteChange } from '../../db/changes.ts'
import { inAuditedTransaction } from '../../db/audit.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { rows, run, tables, type ApiKeyTable } from '../../db/tables.ts'
import { textProblem, uuidOf } from '../checks.ts'
import { page, type ListOptions, type Page } from '../page.ts'
import { hashKey, makeKey, type ApiKey } from './key.ts'

/** How long an app's token lasts unless asked otherwise, as Svix has it. */
export const APP_TOKEN_MS = 7 * 86_400_000

export type Keys = ReturnType<typeof createKeys>

/** The made key: `text` is shown this once. */
export interface MadeKey {
  key: ApiKey
  text: string
}

/** API keys of tenants, and app-scoped tokens. Ids are taken as they are shown, or as UUIDs. */
export function createKeys({
  pool,
  clock,
  changed,
}: {
  pool: Pool
  clock: Clock
  changed: (kind: 'key', tenantId: string) => void
}) {
  async function make(
    tenantId: string,
    appId: string | null,
    name: string,
    expiresAtMs: number | null,
  ): Promise<MadeKey> {
    const problem =
      name.length === 0 || name.length > 256 ? 'has 1 to 256 characters' : textProblem(name)
    if (problem) throw invalid(['body', 'name'], problem)
    if (expiresAtMs !== null && expiresAtMs <= clock.now())
      throw invalid(['body', 'expiresAt'], 'must lie in the future')
    const { text, hint } = makeKey(appId === null ? 'tenant' : 'app')
    const insert = tables
      .insertInto('api_key')
      .values({
        id: uuidv7(clock.now()),
        tenant_id: tenantId,
        app_id: appId,
        name,
        hash: hashKey(text),
        hint,
        expires_at: expiresAtMs === null ? null : new Date(expiresAtMs),
      })
      .returningAll()
    const [row] = await inAuditedTransaction(pool, async (db) => await rows(db, insert))
    // No change is noted: nobody can hold an answer about a key that did not exist, but for the second that a refusal is remembered.
    return { key: keyOf(row!), text }
  }

  async function revoke(tenantId: string, keyId: string, onlyAppTokens: boolean): Promise<void> {
    const id = uuidOf('key', keyId) ?? missing(keyId)
    await inAuditedTransaction(pool, async (client) => {
      let update = tables
        .updateTable('api_key')
        .set((to) => ({ revoked_at: to.fn.coalesce('revoked_at', to.fn<Date>('now')) }))
        .where('tenant_id', '=', tenantId)
        .where('id', '=', id)
      if (onlyAppTokens) update = update.where('app_id', 'is not', null)
      if ((await run(client, update)) === 0) {
        if (onlyAppTokens)
          throw new PomboError('permission_denied', {
            detail: "only an app's token can be logged out; revoke a tenant's key by DELETE.",
          })
        missing(keyId)
      }
      await noteChange(client, 'key', tenantId)
    })
    changed('key', tenantId)
  }

  return {
    /** A further key of the tenant. */
    create: async (
      tenantId: string,
      options: { name: string; expiresAtMs?: number | null },
    ): Promise<MadeKey> => await make(tenantId, null, options.name, options.expiresAtMs ?? null),

    /** A token that reaches this one app. */
    createAppToken: async (
      tenantId: string,
      appId: string,
      options: { name?: string; expiresAtMs?: number } = {},
    ): Promise<MadeKey> =>
      await make(
        tenantId,
        appId,
        options.name ?? 'app portal',
        options.expiresAtMs ?? clock.now() + APP_TOKEN_MS,
      ),

    /** The tenant's own keys, revoked ones too; of an app, its tokens. */
    async list(
      tenantId: string,
      options: ListOptions,
      appId: string | null = null,
    ): Promise<Page<ApiKey>> {
      const ascending = options.order === 'ascending'
      let query = tables
        .selectFrom('api_key')
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('app_id', appId === null ? 'is' : '=', appId)
        .orderBy('id', ascending ? 'asc' : 'desc')
        .limit(options.limit + 1)
      if (options.after) query = query.where('id', ascending ? '>' : '<', options.after.id)
      return page((await rows(pool, query)).map(keyOf), options.limit)
    },

    async get(tenantId: string, keyId: string): Promise<ApiKey> {
      const id = uuidOf('key', keyId) ?? missing(keyId)
      const [row] = await rows(
        pool,
        tables
          .selectFrom('api_key')
          .selectAll()
          .where('tenant_id', '=', tenantId)
          .where('id', '=', id),
      )
      return row ? keyOf(row) : missing(keyId)
    },

    /** Ends a key for good; it stays in the list. Counts on every node within a second. */
    revoke: async (tenantId: string, keyId: string): Promise<void> =>
      await revoke(tenantId, keyId, false),

    /** Ends the app token that made the request; a tenant's key is not ended this way. */
    logout: async (holder: { tenantId: string; keyId: string }): Promise<void> =>
      await revoke(holder.tenantId, showId('key', holder.keyId), true),
  }
}

/** Removes the tokens of an app that goes away. */
export async function removeAppTokens(db: Queryable, appId: string): Promise<boolean> {
  return (await run(db, tables.deleteFrom('api_key').where('app_id', '=', appId))) > 0
}

/** Sets when keys were last used. Sorted by id, so that nodes that do it at once do not wait for each other in a circle. */
export async function writeLastUsed(
  pool: Pool,
  usedAtMs: ReadonlyMap<string, number>,
): Promise<void> {
  const sorted = [...usedAtMs].toSorted(([a], [b]) => (a < b ? -1 : 1))
  await pool.query(
    `with used as (select id, to_timestamp(ms / 1000) as at from unnest($1::uuid[], $2::float8[]) as u (id, ms)),
          held as (select k.id from api_key k join used using (id) order by k.id for update of k)
     update api_key k set last_used_at = greatest(k.last_used_at, used.at) from used, held where k.id = used.id and held.id = k.id`,
    [sorted.map(([id]) => id), sorted.map(([, ms]) => ms)],
  )
}

function missing(keyId: string): never {
  throw new PomboError('not_found', { what: 'API key', id: keyId })
}

function keyOf(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    appId: row.app_id,
    name: row.name,
    hint: row.hint,
    createdAtMs: row.created_at.getTime(),
    lastUsedAtMs: row.last_used_at?.getTime() ?? null,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    revokedAtMs: row.revoked_at?.getTime() ?? null,
  }
}
