import type { Clock } from '../../core/clock.ts'
import { invalid, PomboError, missing } from '../../core/error.ts'
import { uuidv7 } from '../../core/id.ts'
import type { Role } from '../../core/role.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { defineTable, type ListOptions, type Page } from '../../db/table.ts'
import { textProblem, uuidOf } from '../checks.ts'
import type { Write } from '../writer.ts'
import { hashKey, makeKey, type ApiKey, type KeyUse } from './key.ts'
import { say } from '../../core/sentences/sentences.ts'

export const apiKeys = defineTable<ApiKey, never, { hash: Buffer }>({
  name: 'api_key',
  key: 'id',
  fixed: {
    id: 'id',
    tenantId: 'tenant_id',
    appId: 'app_id',
    name: 'name',
    hint: 'hint',
    createdAtMs: 'created_at',
    lastUsedAtMs: 'last_used_at',
    expiresAtMs: 'expires_at',
    revokedAtMs: 'revoked_at',
    featureFlags: 'feature_flags',
    role: 'role',
    use: 'use',
    pollerId: 'poller_id',
  },
  settings: {},
  unread: { hash: 'hash' },
})

/** How long an app's token lasts unless asked otherwise, as Svix has it. */
export const APP_TOKEN_MS = 7 * 86_400_000

export type Keys = ReturnType<typeof createKeys>

/** The made key: `text` is shown this once. */
export interface MadeKey {
  key: ApiKey
  text: string
}

/** API keys of tenants, and app-scoped tokens. Ids are taken as they are shown, or as UUIDs. */
export function createKeys({ pool, clock, write }: { pool: Pool; clock: Clock; write: Write }) {
  async function make(
    tenantId: string,
    appId: string | null,
    name: string,
    expiresAtMs: number | null,
    featureFlags: string[] | null = null,
    role: Role = 'administer',
    { use, pollerId }: { use?: KeyUse; pollerId?: string } = {},
  ): Promise<MadeKey> {
    const problem =
      name.length === 0 || name.length > 256
        ? say('length_between', { min: 1, max: 256 })
        : textProblem(name)
    if (problem) throw invalid(['body', 'name'], problem)
    if (expiresAtMs !== null && expiresAtMs <= clock.now())
      throw invalid(['body', 'expiresAt'], { msg: 'must lie in the future', code: 'time_past' })
    const { text, hint } = makeKey(appId === null ? 'tenant' : 'app')
    const values = {
      id: uuidv7(clock.now()),
      tenantId,
      appId,
      name,
      hash: hashKey(text),
      hint,
      expiresAtMs,
      featureFlags,
      role,
      use,
      pollerId,
    }
    // No change is noted: nobody can hold an answer about a key that did not exist, but for the second that a refusal
    // is remembered.
    const key = await write(async (db) => await apiKeys.insert(db, values))
    return { key: key!, text }
  }

  return {
    /** A further key of the tenant. */
    create: async (
      tenantId: string,
      options: { name: string; expiresAtMs?: number | null; role?: Role | undefined },
    ): Promise<MadeKey> =>
      await make(tenantId, null, options.name, options.expiresAtMs ?? null, null, options.role),

    /** A token that reaches this one app. */
    createAppToken: async (
      tenantId: string,
      appId: string,
      options: {
        name?: string
        /** Null: until it is ended. */
        expiresAtMs?: number | null
        featureFlags?: string[]
        role?: Role | undefined
        use?: KeyUse
        pollerId?: string
      } = {},
    ): Promise<MadeKey> =>
      await make(
        tenantId,
        appId,
        options.name ?? 'app portal',
        options.expiresAtMs === undefined ? clock.now() + APP_TOKEN_MS : options.expiresAtMs,
        options.featureFlags ?? [],
        options.role,
        options,
      ),

    /** The tenant's own keys, revoked ones too; with `appId` that app's tokens. */
    list: async (
      tenantId: string,
      options: ListOptions,
      appId: string | null = null,
    ): Promise<Page<ApiKey>> => await apiKeys.list(pool, { tenantId, appId }, options),

    async get(tenantId: string, keyId: string): Promise<ApiKey> {
      const id = uuidOf('key', keyId) ?? missing('API key', keyId)
      return (await apiKeys.find(pool, { tenantId, id })) ?? missing('API key', keyId)
    },

    /** Ends a key for good; it stays in the list. Counts on every node within a second. */
    async revoke(tenantId: string, keyId: string): Promise<void> {
      const id = uuidOf('key', keyId) ?? missing('API key', keyId)
      await write(async (db, note) => {
        if (!(await revokeKey(db, tenantId, id, false))) missing('API key', keyId)
        await note('key', tenantId)
      })
    },

    /** Ends a key after some seconds, or when it would have ended by itself. */
    async expire(tenantId: string, keyId: string, seconds: number): Promise<void> {
      const id = uuidOf('key', keyId) ?? missing('API key', keyId)
      await write(async (db, note) => {
        const { rowCount } = await db.query(
          /* sql */ `
            update api_key
               set expires_at = least(expires_at, now() + $3 * interval '1 second'),
                   revoked_at = case when $3 = 0 then coalesce(revoked_at, now()) else revoked_at end
             where tenant_id = $1 and id = $2`,
          [tenantId, id, seconds],
        )
        if (rowCount !== 1) missing('API key', keyId)
        await note('key', tenantId)
      })
    },

    async pollerHasToken(pollerId: string): Promise<boolean> {
      const { rows } = await pool.query(
        /* sql */ `
          select from api_key
           where poller_id = $1 and revoked_at is null and (expires_at is null or expires_at > now())
           limit 1`,
        [pollerId],
      )
      return rows.length > 0
    },

    async endPollerTokens(
      { id, tenantId }: { id: string; tenantId: string },
      seconds: number,
    ): Promise<void> {
      await write(async (db, note) => {
        await revokePollerTokens(db, id, seconds)
        await note('key', tenantId)
      })
    },

    /** Ends the app token that made the request; a tenant's key is not ended this way. */
    async logout({ tenantId, keyId }: { tenantId: string; keyId: string }): Promise<void> {
      await write(async (db, note) => {
        if (!(await revokeKey(db, tenantId, keyId, true)))
          throw new PomboError('permission_denied', {
            detail: "only an app's token can be logged out; revoke a tenant's key by DELETE.",
          })
        await note('key', tenantId)
      })
    },
  }
}

/** Ends the tokens of a poller, at once or after some seconds. */
export async function revokePollerTokens(
  db: Queryable,
  pollerId: string,
  seconds = 0,
): Promise<void> {
  await db.query(
    /* sql */ `
      update api_key
         set expires_at = least(expires_at, now() + $2 * interval '1 second'),
             revoked_at = case when $2 = 0 then coalesce(revoked_at, now()) else revoked_at end
       where poller_id = $1 and revoked_at is null`,
    [pollerId, seconds],
  )
}

/** The key of an integration, which lasts as long as that. */
export async function insertIntegrationKey(
  db: Queryable,
  of: { tenantId: string; appId: string; name: string; featureFlags: string[] },
  nowMs: number,
): Promise<{ keyId: string; text: string }> {
  const { text, hint } = makeKey('app')
  const keyId = uuidv7(nowMs)
  await apiKeys.insert(db, {
    id: keyId,
    tenantId: of.tenantId,
    appId: of.appId,
    name: `integration ${of.name}`.slice(0, 256),
    hash: hashKey(text),
    hint,
    featureFlags: of.featureFlags,
    use: 'integration',
  })
  return { keyId, text }
}

export async function revokeIntegrationKey(db: Queryable, keyId: string): Promise<void> {
  await db.query('update api_key set revoked_at = coalesce(revoked_at, now()) where id = $1', [
    keyId,
  ])
}

/** One that was revoked before keeps its time. @returns false where there is no such key */
async function revokeKey(
  db: Queryable,
  tenantId: string,
  id: string,
  onlyAppTokens: boolean,
): Promise<boolean> {
  const { rowCount } = await db.query(
    /* sql */ `
      update api_key set revoked_at = coalesce(revoked_at, now())
       where tenant_id = $1 and id = $2 and (app_id is not null or not $3)`,
    [tenantId, id, onlyAppTokens],
  )
  return rowCount === 1
}

/** Deletes the tokens of an app that is deleted. @returns whether there were any */
export async function deleteAppTokens(db: Queryable, appId: string): Promise<boolean> {
  return (await apiKeys.delete(db, { appId })) > 0
}

/**
 * Sets when keys were last used. Sorted by id, so that nodes that do it at once do not wait for each other in a circle.
 */
export async function writeLastUsed(
  pool: Pool,
  usedAtMs: ReadonlyMap<string, number>,
): Promise<void> {
  const sorted = [...usedAtMs].toSorted(([a], [b]) => (a < b ? -1 : 1))
  await pool.query(
    /* sql */ `
      with used as (
        select id, to_timestamp(ms / 1000) as at
          from unnest($1::uuid[], $2::float8[]) as u (id, ms)
      ), held as (
        select k.id from api_key k join used using (id)
         order by k.id
           for update of k
      )
      update api_key k set last_used_at = greatest(k.last_used_at, used.at)
        from used, held
       where k.id = used.id and held.id = k.id`,
    [sorted.map(([id]) => id), sorted.map(([, ms]) => ms)],
  )
}
