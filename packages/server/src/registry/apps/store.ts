import type { Clock } from '../../core/clock.ts'
import { unlessTaken, missing } from '../../core/error.ts'
import { readId, uuidv7 } from '../../core/id.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { defineTable, type ListOptions, type Page } from '../../db/table.ts'
import {
  checkPathUid,
  checkSettings,
  integer,
  metadataProblem,
  nameProblem,
  uidProblem,
} from '../checks.ts'
import { deleteAppTokens } from '../keys/store.ts'
import type { Note, Write } from '../writer.ts'
import type { App } from './app.ts'

/** What can be set. With `put` and `create` a field that is left out takes its default; with `patch` it stays. */
export interface AppSettings {
  name: string
  uid?: string | null
  metadata?: Record<string, string>
  throttleRate?: number | null
}

const apps = defineTable<App, keyof AppSettings>({
  name: 'app',
  key: 'id',
  fixed: {
    id: 'id',
    tenantId: 'tenant_id',
    kind: 'kind',
    createdAtMs: 'created_at',
    updatedAtMs: 'updated_at',
  },
  settings: { name: 'name', uid: 'uid', metadata: 'metadata', throttleRate: 'throttle_rate' },
})

export type Apps = ReturnType<typeof createApps>

/** Apps of a tenant. `idOrUid` is a shown id (`app_…`), or the caller's own uid; a miss is `not_found`. */
export function createApps({ pool, clock, write }: { pool: Pool; clock: Clock; write: Write }) {
  async function insert(
    db: Queryable,
    note: Note,
    tenantId: string,
    settings: AppSettings,
  ): Promise<App> {
    const app = await apps.insert(db, { ...settings, id: uuidv7(clock.now()), tenantId })
    await note('app', app!.id)
    return app!
  }

  async function change(
    db: Queryable,
    note: Note,
    id: string,
    settings: Partial<AppSettings>,
  ): Promise<App> {
    const app = await apps.update(db, { id }, settings)
    await note('app', id)
    return app!
  }

  const create = async (tenantId: string, settings: AppSettings): Promise<App> =>
    await write(async (db, note) => await insert(db, note, tenantId, settings))

  const find = async (tenantId: string, idOrUid: string): Promise<App | undefined> =>
    await apps.find(pool, named(tenantId, idOrUid))

  /** Its row is locked. */
  const held = async (db: Queryable, tenantId: string, idOrUid: string): Promise<App> =>
    (await apps.find(db, named(tenantId, idOrUid), 'for update')) ?? missing('application', idOrUid)

  return {
    /** `conflict` when the uid is taken. */
    async create(tenantId: string, settings: AppSettings): Promise<App> {
      check(settings)
      return await create(tenantId, settings)
    },

    /**
     * The app with this uid as it is, or a new one; two callers at once get the same. Without a uid there is nothing to
     * find.
     */
    async getOrCreate(
      tenantId: string,
      settings: AppSettings,
    ): Promise<{ app: App; created: boolean }> {
      check(settings)
      const uid = settings.uid ?? null
      if (uid === null) return { app: await create(tenantId, settings), created: true }
      // Ends, because every turn either finds the app or makes it; only an app deleted in between asks for another.
      for (;;) {
        const found = await find(tenantId, uid)
        if (found) return { app: found, created: false }
        const made = await unlessTaken(create(tenantId, settings))
        if (made) return { app: made, created: true }
      }
    },

    find,

    async get(tenantId: string, idOrUid: string): Promise<App> {
      return (await find(tenantId, idOrUid)) ?? missing('application', idOrUid)
    },

    list: async (tenantId: string, options: ListOptions): Promise<Page<App>> =>
      await apps.list(pool, { tenantId, kind: 'app' }, options),

    /**
     * Sets all of the app, or makes it where it is missing; it then takes the path's uid unless the body brings one. An
     * app addressed by its uid keeps it where the body says nothing of it, so that the same PUT can be repeated.
     */
    async put(
      tenantId: string,
      idOrUid: string,
      settings: AppSettings,
    ): Promise<{ app: App; created: boolean }> {
      check(settings)
      const pathUid = isShownId(idOrUid) ? null : idOrUid
      const whole = { metadata: {}, throttleRate: null, ...settings }
      return await write(async (db, note) => {
        const found = await apps.find(db, named(tenantId, idOrUid), 'for update')
        if (found) {
          const uid = settings.uid === undefined ? pathUid : settings.uid
          return { app: await change(db, note, found.id, { ...whole, uid }), created: false }
        }
        if (pathUid === null) missing('application', idOrUid)
        if (settings.uid == null) checkPathUid(pathUid!, 'app_id')
        const made = { ...whole, uid: settings.uid ?? pathUid }
        check(made)
        return { app: await insert(db, note, tenantId, made), created: true }
      })
    },

    async patch(tenantId: string, idOrUid: string, settings: Partial<AppSettings>): Promise<App> {
      check(settings)
      return await write(
        async (db, note) =>
          await change(db, note, (await held(db, tenantId, idOrUid)).id, settings),
      )
    },

    /**
     * Its endpoints, secrets and tokens go with it; deliveries that are still open the engine discards when it comes to
     * them.
     */
    async delete(tenantId: string, idOrUid: string): Promise<void> {
      await write(async (db, note) => {
        const { id } = await held(db, tenantId, idOrUid)
        const hadTokens = await deleteAppTokens(db, id)
        await apps.delete(db, { id })
        await note('app', id)
        if (hadTokens) await note('key', tenantId)
      })
    },

    /** The hidden app of the tenant's operational endpoints, made when first asked for. */
    async operational(tenantId: string): Promise<App> {
      const hidden = { tenantId, kind: 'operational' } as const
      const found = await apps.find(pool, hidden)
      if (found) return found
      const made = { ...hidden, id: uuidv7(clock.now()), name: 'Operational webhooks' }
      // Nothing where another node was quicker.
      const onConflict = `on conflict (tenant_id) where kind = 'operational' do nothing`
      await write(async (db) => await apps.insert(db, made, onConflict))
      return (await apps.find(pool, hidden))!
    },
  }
}

/** What finds an app by its shown id, or else by its uid. */
function named(tenantId: string, idOrUid: string) {
  const id = readId('app', idOrUid)
  return { tenantId, kind: 'app' as const, ...(id === undefined ? { uid: idOrUid } : { id }) }
}

function isShownId(text: string): boolean {
  return readId('app', text) !== undefined
}

function check(settings: Partial<AppSettings>): void {
  checkSettings<AppSettings>(settings, {
    name: nameProblem,
    uid: (uid) => uidProblem(uid, isShownId(uid)),
    metadata: metadataProblem,
    throttleRate: integer(1, 65_535),
  })
}
