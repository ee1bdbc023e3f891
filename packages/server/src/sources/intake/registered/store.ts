import { say } from '../../../core/sentences/sentences.ts'
import { PomboError, unlessTaken, missing } from '../../../core/error.ts'
import { readId, uuidv7 } from '../../../core/id.ts'
import type { Clock } from '../../../core/clock.ts'
import { errorCode } from '../../../core/thrown.ts'
import { noteChange } from '../../../db/changes.ts'
import { inAuditedTransaction } from '../../../db/audit.ts'
import type { Pool, Queryable } from '../../../db/pool.ts'
import { sealContext } from '../../../db/reseal.ts'
import { direction, type ListOptions, type Page } from '../../../db/table.ts'
import type { Seal } from '../../../db/seal.ts'
import type { BrokerSettings } from '../../broker/kind.ts'
import { gateways } from '../../gateways.ts'
import { checkSettings, type Source, type SourceSettings } from '../settings.ts'
import { makeToken } from '../token.ts'
import { columnOf, sourceOf, type SourceRow } from './row.ts'

/** Whose sources: uuids. */
export interface SourceScope {
  tenantId: string
  appId: string
}

/** A source and its token, which is shown this once. */
export interface WithToken {
  source: Source
  token: string
}

export type Sources = ReturnType<typeof createSources>

/** The sources of an app. An id that is none of its own is `not_found`. */
export function createSources({
  pool,
  clock,
  seal,
  changed,
}: {
  pool: Pool
  clock: Clock
  seal: Seal
  /** This node's caches need not wait for the change to come round. */
  changed: (appId: string) => void
}) {
  function columns(settings: Partial<SourceSettings>, id: string): Map<string, unknown> {
    const values = new Map<string, unknown>()
    for (const [field, column] of Object.entries(columnOf)) {
      const value = settings[field as keyof typeof columnOf]
      if (value !== undefined)
        values.set(column, isJson(field) && value !== null ? JSON.stringify(value) : value)
    }
    const { secret } = settings
    if (secret !== undefined)
      values.set(
        'secret_sealed',
        secret === null ? null : seal.seal(secret, sealContext('source_secret', id)),
      )
    const { broker } = settings
    if (broker !== undefined)
      values.set(
        'broker_sealed',
        broker === null
          ? null
          : seal.seal(JSON.stringify(broker), sealContext('source_broker', id)),
      )
    return values
  }

  async function write(
    appId: string,
    work: (db: Queryable) => Promise<SourceRow | undefined>,
  ): Promise<Source | undefined> {
    const row = await inAuditedTransaction(pool, async (db) => {
      const done = await work(db)
      await noteChange(db, 'app', appId)
      return done
    }).catch((error: unknown) => {
      if (!isDuplicate(error)) throw error
      throw new PomboError('conflict', { detail: say('source_name_taken') }, { cause: error })
    })
    changed(appId)
    return row && sourceOf(row)
  }

  async function insert(
    scope: SourceScope,
    settings: Partial<SourceSettings>,
    token: { hash: Buffer; hint: string } | null,
  ): Promise<Source> {
    const id = uuidv7(clock.now())
    const values = new Map([
      ['id', id],
      ['tenant_id', scope.tenantId],
      ['app_id', scope.appId],
      ['name', settings.gateway],
      ...usualOf(settings.gateway),
      ['token_hash', token?.hash ?? null],
      ['token_hint', token?.hint ?? null],
      ...columns(settings, id),
    ])
    const names = [...values.keys()]
    const made = await write(scope.appId, async (db) => {
      const { rows } = await db.query<SourceRow>(
        `insert into source (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')}) returning *`,
        [...values.values()],
      )
      // Its session is known from now on: one that never speaks is silent too.
      await db.query(
        `insert into source_session (source_id, app_id, tenant_id)
         select id, app_id, tenant_id
           from source
          where id = $1
            and sessions = 'own'`,
        [id],
      )
      return rows[0]
    })
    return made!
  }

  async function update(
    scope: SourceScope,
    shownId: string,
    values: Map<string, unknown>,
  ): Promise<Source> {
    const names = [...values.keys()]
    const changedSource = await write(scope.appId, async (db) => {
      const { rows } = await db.query<SourceRow>(
        `update source
            set ${names.map((name, i) => `${name} = $${i + 4}, `).join('')} updated_at = now()
          where tenant_id = $1
            and app_id = $2
            and id = $3
         returning *`,
        [scope.tenantId, scope.appId, uuidOf(shownId), ...values.values()],
      )
      return rows[0]
    })
    return changedSource ?? missing('source', shownId)
  }

  return {
    /** What feeds it, secrets in the clear. */
    brokerOf: (source: Source): BrokerSettings | null => openBroker(seal, source),

    /** Needs the `gateway`. `conflict` when the name is taken; `validation` names every field at fault. */
    async create(
      scope: SourceScope,
      settings: Partial<SourceSettings> & { gateway: string },
    ): Promise<WithToken> {
      checkSettings(settings)
      const token = makeToken()
      return { source: await insert(scope, settings, token), token: token.text }
    },

    /**
     * The app's source of a gateway, for one that comes with an API key and so names no source: the oldest, or one
     * made with the usual settings. Two callers at once get the same.
     */
    async ensure(scope: SourceScope, gateway: string): Promise<Source> {
      // Ends, because every turn either finds a source or makes one; only one deleted in between asks for another.
      for (;;) {
        const found = (await loadOfApps(pool, [scope.appId])).find(
          (source) => source.gateway === gateway,
        )
        if (found) return found
        const made = await unlessTaken(insert(scope, { gateway }, null))
        if (made) return made
      }
    },

    /** The app's own, and those of other apps that have brought it events. Oldest first. */
    async list(scope: SourceScope, { after, limit, order }: ListOptions): Promise<Page<Source>> {
      const { behind, sort } = direction(order)
      const { rows } = await pool.query<SourceRow>(
        `select *
           from source s
          where ${reaches} ${after ? `and s.id ${behind} $4::uuid` : ''}
          order by s.id ${sort}
          limit $3`,
        [scope.tenantId, scope.appId, limit + 1, ...(after ? [after.id] : [])],
      )
      return { rows: rows.slice(0, limit).map(sourceOf), more: rows.length > limit }
    },

    async get(scope: SourceScope, shownId: string): Promise<Source> {
      const { rows } = await pool.query<SourceRow>(
        `select * from source s where ${reaches} and s.id = $3`,
        [scope.tenantId, scope.appId, uuidOf(shownId)],
      )
      return rows[0] ? sourceOf(rows[0]) : missing('source', shownId)
    },

    async patch(
      scope: SourceScope,
      shownId: string,
      settings: Omit<Partial<SourceSettings>, 'gateway'>,
    ): Promise<Source> {
      checkSettings(settings)
      return await update(scope, shownId, columns(settings, uuidOf(shownId)))
    },

    /** The old token counts no longer, on any node, within a second. */
    async rotate(scope: SourceScope, shownId: string): Promise<WithToken> {
      const token = makeToken()
      const values = new Map<string, unknown>([
        ['token_hash', token.hash],
        ['token_hint', token.hint],
      ])
      return { source: await update(scope, shownId, values), token: token.text }
    },

    async delete(scope: SourceScope, shownId: string): Promise<void> {
      const gone = await write(scope.appId, async (db) => {
        const { rows } = await db.query<SourceRow>(
          'delete from source where tenant_id = $1 and app_id = $2 and id = $3 returning *',
          [scope.tenantId, scope.appId, uuidOf(shownId)],
        )
        return rows[0]
      })
      if (!gone) missing('source', shownId)
    },
  }
}

export function openBroker(
  seal: Pick<Seal, 'open'>,
  { id, brokerSealed }: Pick<Source, 'id' | 'brokerSealed'>,
): BrokerSettings | null {
  if (brokerSealed === null) return null
  return JSON.parse(seal.open(brokerSealed, sealContext('source_broker', id))) as BrokerSettings
}

/** Of the app, or has brought it events. */
const reaches = /* sql */ `
  s.tenant_id = $1
  and (s.app_id = $2
       or exists (select from source_session t where t.source_id = s.id and t.app_id = $2))`

/** The app that holds the source with this token. */
export async function appOfToken(db: Queryable, hash: Buffer): Promise<string | undefined> {
  const { rows } = await db.query<{ app_id: string }>({
    name: 'source-token',
    text: 'select app_id from source where token_hash = $1',
    values: [hash],
  })
  return rows[0]?.app_id
}

/** The sources of apps, oldest first. */
export async function loadOfApps(db: Queryable, appIds: readonly string[]): Promise<Source[]> {
  const { rows } = await db.query<SourceRow>({
    name: 'sources-of-apps',
    text: 'select * from source where app_id = any($1::uuid[]) order by id',
    values: [appIds],
  })
  return rows.map(sourceOf)
}

const isJson = (field: string): boolean => field === 'filters' || field === 'webhook'

/** What a gateway has of its own where the caller says nothing. */
function usualOf(gateway = ''): [string, unknown][] {
  const seconds = gateways.get(gateway)?.dedupeSeconds
  return seconds === undefined ? [] : [['dedupe_seconds', seconds]]
}

function isDuplicate(error: unknown): boolean {
  return (
    error instanceof Error &&
    errorCode(error) === '23505' &&
    'constraint' in error &&
    error.constraint === 'source_name'
  )
}

function uuidOf(shownId: string): string {
  return readId('source', shownId) ?? missing('source', shownId)
}
