import type { Clock } from '../../core/clock.ts'
import { missing } from '../../core/error.ts'
import { readId, uuidv7 } from '../../core/id.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { sealContext } from '../../db/reseal.ts'
import type { Seal } from '../../db/seal.ts'
import { defineTable, type ListOptions, type Page, ofApp } from '../../db/table.ts'
import type { AppScope } from '../apps/app.ts'
import { checkSettings, nameProblem } from '../checks.ts'
import { insertIntegrationKey, revokeIntegrationKey } from '../keys/store.ts'
import type { Note, Write } from '../writer.ts'

/** Somebody's own software that works with one app, by a key of its own. */
export interface Integration {
  id: string
  tenantId: string
  appId: string
  name: string
  /** The event types with one of these flags are shown to its key. */
  featureFlags: string[]
  keyId: string
  createdAtMs: number
  updatedAtMs: number
}

export interface IntegrationSettings {
  name: string
  featureFlags?: string[]
}

type Changed = 'name' | 'featureFlags' | 'keyId'

const integrations = defineTable<Integration, Changed, { keySealed: Buffer }>({
  name: 'integration',
  key: 'id',
  fixed: ofApp,
  settings: { name: 'name', featureFlags: 'feature_flags', keyId: 'key_id' },
  unread: { keySealed: 'key_sealed' },
})

export type Integrations = ReturnType<typeof createIntegrations>

interface Options {
  pool: Pool
  clock: Clock
  seal: Seal
  write: Write
}

/** Integrations of an app, by their shown ids (`integ_…`); a miss is `not_found`. */
export function createIntegrations({ pool, clock, seal, write }: Options) {
  const by = ({ tenantId, appId }: AppScope, shown: string) => {
    const id = readId('integration', shown) ?? missing('integration', shown)
    return { tenantId, appId, id }
  }
  const sealed = (text: string, id: string) => seal.seal(text, sealContext('integration_key', id))

  /** A fresh key in place of the one before, which counts no longer. */
  async function renew(db: Queryable, note: Note, found: Integration): Promise<string> {
    await revokeIntegrationKey(db, found.keyId)
    const { keyId, text } = await insertIntegrationKey(db, found, clock.now())
    await db.query('update integration set key_id = $2, key_sealed = $3 where id = $1', [
      found.id,
      keyId,
      sealed(text, found.id),
    ])
    await note('key', found.tenantId)
    return text
  }

  return {
    async create(scope: AppScope, settings: IntegrationSettings): Promise<Integration> {
      check(settings)
      const id = uuidv7(clock.now())
      const { tenantId, appId } = scope
      const { name, featureFlags = [] } = settings
      return await write(async (db) => {
        const made = { tenantId, appId, name, featureFlags }
        const { keyId, text } = await insertIntegrationKey(db, made, clock.now())
        const row = { ...made, id, keyId, keySealed: sealed(text, id) }
        return (await integrations.insert(db, row))!
      })
    },

    async get(scope: AppScope, shown: string): Promise<Integration> {
      return (await integrations.find(pool, by(scope, shown))) ?? missing('integration', shown)
    },

    list: async ({ tenantId, appId }: AppScope, options: ListOptions): Promise<Page<Integration>> =>
      await integrations.list(pool, { tenantId, appId }, options),

    /** Its key goes on, under the new name and flags. */
    async update(
      scope: AppScope,
      shown: string,
      settings: IntegrationSettings,
    ): Promise<Integration> {
      check(settings)
      return await write(async (db, note) => {
        const found = await integrations.update(db, by(scope, shown), {
          name: settings.name,
          featureFlags: settings.featureFlags ?? [],
        })
        if (!found) missing('integration', shown)
        await db.query('update api_key set name = $2, feature_flags = $3 where id = $1', [
          found.keyId,
          `integration ${found.name}`.slice(0, 256),
          found.featureFlags,
        ])
        await note('key', scope.tenantId)
        return found
      })
    },

    /** Its key ends with it. */
    async delete(scope: AppScope, shown: string): Promise<void> {
      await write(async (db, note) => {
        const found = await integrations.find(db, by(scope, shown), 'for update')
        if (!found) missing('integration', shown)
        await integrations.delete(db, { id: found.id })
        await revokeIntegrationKey(db, found.keyId)
        await note('key', scope.tenantId)
      })
    },

    /** The key itself. */
    async key(scope: AppScope, shown: string): Promise<string> {
      const { id } = by(scope, shown)
      const { rows } = await pool.query<{ sealed: Buffer }>(
        'select key_sealed as sealed from integration where tenant_id = $1 and app_id = $2 and id = $3',
        [scope.tenantId, scope.appId, id],
      )
      const [row] = rows
      return row
        ? seal.open(row.sealed, sealContext('integration_key', id))
        : missing('integration', shown)
    },

    async rotateKey(scope: AppScope, shown: string): Promise<string> {
      return await write(async (db, note) => {
        const found = await integrations.find(db, by(scope, shown), 'for update')
        return await renew(db, note, found ?? missing('integration', shown))
      })
    },
  }
}

function check(settings: IntegrationSettings): void {
  checkSettings<IntegrationSettings>(settings, {
    name: nameProblem,
    featureFlags: (flags) => (flags.length > 100 ? 'holds more than 100 flags' : undefined),
  })
}
