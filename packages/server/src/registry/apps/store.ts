import type { Selectable } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { readId, uuidv7 } from '../../core/id.ts'
import { noteChange } from '../../db/changes.ts'
import { inAuditedTransaction } from '../../db/audit.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { rows, run, tables, type AppTable } from '../../db/tables.ts'
import {
  createChecks,
  integerProblem,
  isDuplicate,
  lengthProblem,
  metadataProblem,
  uidProblem,
} from '../checks.ts'
import { removeAppTokens } from '../keys/store.ts'
import { page, type ListOptions, type Page } from '../page.ts'
import type { App } from './app.ts'

/** What can be set. With `put` and `create` a field that is left out takes its default; with `patch` it stays. */
export interface AppSettings {
  name: string
  uid?: string | null
  metadata?: Record<string, string>
  throttleRate?: number | null
}

export type Apps = ReturnType<typeof createApps>

/** Apps of a tenant. `idOrUid` is a shown id (`app_…`), or the caller's own uid; a miss is `not_found`. */
export function createApps({
  pool,
  clock,
  changed,
}: {
  pool: Pool
  clock: Clock
  changed: (kind: 'app' | 'key', key: string) => void
}) {
  async function insert(db: Queryable, tenantId: string, settings: AppSettings): Promise<App> {
    const [row] = await rows(
      db,
      tables
        .insertInto('app')
        .values({
          id: uuidv7(clock.now()),
          tenant_id: tenantId,
          uid: settings.uid ?? null,
          name: settings.name,
          metadata: settings.metadata ?? {},
          throttle_rate: settings.throttleRate ?? null,
        })
        .returningAll(),
    )
    await noteChange(db, 'app', row!.id)
    return appOf(row!)
  }

  async function change(db: Queryable, app: App, settings: Partial<AppSettings>): Promise<App> {
    const [row] = await rows(
      db,
      tables
        .updateTable('app')
        .set((to) => ({
          ...(settings.name !== undefined && { name: settings.name }),
          ...(settings.uid !== undefined && { uid: settings.uid }),
          ...(settings.metadata !== undefined && { metadata: settings.metadata }),
          ...(settings.throttleRate !== undefined && { throttle_rate: settings.throttleRate }),
          updated_at: to.fn<Date>('now'),
        }))
        .where('id', '=', app.id)
        .returningAll(),
    )
    await noteChange(db, 'app', app.id)
    return appOf(row!)
  }

  async function write(work: (db: Queryable) => Promise<App>): Promise<App> {
    const app = await inAuditedTransaction(pool, work).catch((error: unknown) => {
      if (isDuplicate(error, 'app_uid'))
        throw new PomboError(
          'conflict',
          { detail: 'Another application of this tenant has this uid already.' },
          { cause: error },
        )
      throw error
    })
    changed('app', app.id)
    return app
  }

  return {
    /** `conflict` when the uid is taken. */
    async create(tenantId: string, settings: AppSettings): Promise<App> {
      check(settings)
      return await write(async (db) => await insert(db, tenantId, settings))
    },

    /** The app with this uid as it is, or a new one; two callers at once get the same. Without a uid there is nothing to find. */
    async getOrCreate(
      tenantId: string,
      settings: AppSettings,
    ): Promise<{ app: App; created: boolean }> {
      check(settings)
      const uid = settings.uid ?? null
      if (uid === null)
        return {
          app: await write(async (db) => await insert(db, tenantId, settings)),
          created: true,
        }
      // Ends, because every turn either finds the app or makes it; only an app deleted in between asks for another.
      for (;;) {
        const found = await find(pool, tenantId, uid)
        if (found) return { app: found, created: false }
        const made = await write(async (db) => await insert(db, tenantId, settings)).catch(
          (error: unknown) => {
            if (error instanceof PomboError && error.code === 'conflict') return undefined
            throw error
          },
        )
        if (made) return { app: made, created: true }
      }
    },

    find: async (tenantId: string, idOrUid: string): Promise<App | undefined> =>
      await find(pool, tenantId, idOrUid),

    async get(tenantId: string, idOrUid: string): Promise<App> {
      return (await find(pool, tenantId, idOrUid)) ?? missing(idOrUid)
    },

    async list(tenantId: string, options: ListOptions): Promise<Page<App>> {
      const ascending = options.order === 'ascending'
      let query = tables
        .selectFrom('app')
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('kind', '=', 'app')
        .orderBy('id', ascending ? 'asc' : 'desc')
        .limit(options.limit + 1)
      if (options.after) query = query.where('id', ascending ? '>' : '<', options.after.id)
      return page((await rows(pool, query)).map(appOf), options.limit)
    },

    /**
     * Sets all of the app, or makes it where it is missing; it then takes the path's uid unless the body brings one. An app addressed by
     * its uid keeps it where the body says nothing of it, so that the same PUT can be repeated.
     */
    async put(
      tenantId: string,
      idOrUid: string,
      settings: AppSettings,
    ): Promise<{ app: App; created: boolean }> {
      check(settings)
      let created = false
      const app = await write(async (db) => {
        const found = await find(db, tenantId, idOrUid, true)
        const whole = {
          metadata: {},
          throttleRate: null,
          ...settings,
          uid: settings.uid ?? (isShownId(idOrUid) ? null : idOrUid),
        }
        if (settings.uid === null && found) whole.uid = null
        if (found) return await change(db, found, whole)
        if (isShownId(idOrUid)) missing(idOrUid)
        check(whole)
        created = true
        return await insert(db, tenantId, whole)
      })
      return { app, created }
    },

    async patch(tenantId: string, idOrUid: string, settings: Partial<AppSettings>): Promise<App> {
      check(settings)
      return await write(
        async (db) =>
          await change(db, (await find(db, tenantId, idOrUid, true)) ?? missing(idOrUid), settings),
      )
    },

    /** Its endpoints, secrets and tokens go with it; work that is still open the engine discards when it comes to it. */
    async delete(tenantId: string, idOrUid: string): Promise<void> {
      const { app, tokens } = await inAuditedTransaction(pool, async (db) => {
        const found = (await find(db, tenantId, idOrUid, true)) ?? missing(idOrUid)
        const hadTokens = await removeAppTokens(db, found.id)
        await run(db, tables.deleteFrom('app').where('id', '=', found.id))
        await noteChange(db, 'app', found.id)
        if (hadTokens) await noteChange(db, 'key', tenantId)
        return { app: found, tokens: hadTokens }
      })
      changed('app', app.id)
      if (tokens) changed('key', tenantId)
    },

    /** The hidden app of the tenant's operational endpoints, made when first asked for. */
    async operational(tenantId: string): Promise<App> {
      const query = tables
        .selectFrom('app')
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('kind', '=', 'operational')
      const [found] = await rows(pool, query)
      if (found) return appOf(found)
      const insert = tables
        .insertInto('app')
        .values({
          id: uuidv7(clock.now()),
          tenant_id: tenantId,
          uid: null,
          name: 'Operational webhooks',
          kind: 'operational',
          throttle_rate: null,
        })
        .onConflict((on) => on.column('tenant_id').where('kind', '=', 'operational').doNothing())
        .returning('id')
      await inAuditedTransaction(pool, async (db) => await rows(db, insert))
      const [made] = await rows(pool, query)
      return appOf(made!)
    },
  }
}

async function find(
  db: Queryable,
  tenantId: string,
  idOrUid: string,
  hold = false,
): Promise<App | undefined> {
  const id = readId('app', idOrUid)
  let query = tables
    .selectFrom('app')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('kind', '=', 'app')
    .where(id === undefined ? 'uid' : 'id', '=', id ?? idOrUid)
  if (hold) query = query.forUpdate()
  const [row] = await rows(db, query)
  return row && appOf(row)
}

function missing(idOrUid: string): never {
  throw new PomboError('not_found', { what: 'application', id: idOrUid })
}

function isShownId(text: string): boolean {
  return readId('app', text) !== undefined
}

function check({ name, uid, metadata, throttleRate }: Partial<AppSettings>): void {
  const checks = createChecks()
  if (name !== undefined)
    checks.note('name', name === '' ? 'must not be empty' : lengthProblem(name, 1_024))
  if (typeof uid === 'string') checks.note('uid', uidProblem(uid, isShownId(uid)))
  if (metadata !== undefined) checks.note('metadata', metadataProblem(metadata))
  if (typeof throttleRate === 'number')
    checks.note('throttleRate', integerProblem(throttleRate, 1, 65_535))
  checks.settle()
}

function appOf(row: Selectable<AppTable>): App {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    uid: row.uid,
    name: row.name,
    kind: row.kind,
    metadata: row.metadata,
    throttleRate: row.throttle_rate,
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  }
}
