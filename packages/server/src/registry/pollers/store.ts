import type { Clock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { missing } from '../../core/error.ts'
import { readId, uuidv7 } from '../../core/id.ts'
import type { Pool } from '../../db/pool.ts'
import { defineTable, type ListOptions, type Page, ofApp } from '../../db/table.ts'
import type { AppScope } from '../apps/app.ts'
import { checkEndpointSettings, type EndpointRules } from '../endpoints/settings.ts'
import { revokePollerTokens } from '../keys/store.ts'
import type { Write } from '../writer.ts'

/** What an endpoint without an address is: consumers read its messages. */
export interface Poller {
  id: string
  tenantId: string
  appId: string
  uid: string | null
  name: string
  /** As of endpoints; null: all. */
  eventTypes: string[] | null
  channels: string[] | null
  filter: string | null
  createdAtMs: number
  updatedAtMs: number
}

export type PollerSettings = Partial<
  Pick<Poller, 'uid' | 'name' | 'eventTypes' | 'channels' | 'filter'>
>

const pollers = defineTable<Poller, keyof PollerSettings>({
  name: 'poller',
  key: 'id',
  fixed: ofApp,
  settings: {
    uid: 'uid',
    name: 'name',
    eventTypes: 'event_types',
    channels: 'channels',
    filter: 'filter',
  },
})

export type Pollers = ReturnType<typeof createPollers>

/** Pollers of an app. `idOrUid` is a shown id (`poll_…`), or the caller's own uid; a miss is `not_found`. */
export function createPollers({
  pool,
  clock,
  rules,
  write,
}: {
  pool: Pool
  clock: Clock
  rules: EndpointRules
  write: Write
}) {
  const by = ({ tenantId, appId }: AppScope, idOrUid: string) => {
    const id = readId('poller', idOrUid)
    return { tenantId, appId, ...(id === undefined ? { uid: idOrUid } : { id }) }
  }
  // The same names and filters as endpoints have.
  const check = async ({ uid, eventTypes, channels, filter }: PollerSettings) =>
    await checkEndpointSettings(defined({ uid, eventTypes, channels, filter }), rules)

  return {
    async create(scope: AppScope, settings: PollerSettings): Promise<Poller> {
      await check(settings)
      const { tenantId, appId } = scope
      const id = uuidv7(clock.now())
      return await write(
        async (db) => (await pollers.insert(db, { ...settings, id, tenantId, appId }))!,
      )
    },

    async get(scope: AppScope, idOrUid: string): Promise<Poller> {
      return (await pollers.find(pool, by(scope, idOrUid))) ?? missing('poller', idOrUid)
    },

    list: async ({ tenantId, appId }: AppScope, options: ListOptions): Promise<Page<Poller>> =>
      await pollers.list(pool, { tenantId, appId }, options),

    async patch(scope: AppScope, idOrUid: string, settings: PollerSettings): Promise<Poller> {
      await check(settings)
      return await write(
        async (db) =>
          (await pollers.update(db, by(scope, idOrUid), settings)) ?? missing('poller', idOrUid),
      )
    },

    /** Its consumers' places and its tokens go with it; the messages stay. */
    async delete(scope: AppScope, idOrUid: string): Promise<void> {
      await write(async (db, note) => {
        const found = await pollers.find(db, by(scope, idOrUid), 'for update')
        if (!found) missing('poller', idOrUid)
        await pollers.delete(db, { id: found.id })
        await revokePollerTokens(db, found.id)
        await note('key', scope.tenantId)
      })
    },
  }
}
