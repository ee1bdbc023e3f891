import { PomboError, missing } from '../../core/error.ts'
import { say } from '../../core/sentences/sentences.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { defineTable, type ListOptions, type Page } from '../../db/table.ts'
import { atMost, checkSettings, jsonProblem } from '../checks.ts'
import type { Write } from '../writer.ts'

/**
 * A kind of message that a tenant's producers send, documented for those who subscribe. Messages of other types are
 * accepted too.
 */
export interface EventType {
  name: string
  description: string
  /** JSON Schemas by version. */
  schemas: Record<string, unknown> | null
  archived: boolean
  deprecated: boolean
  featureFlag: string | null
  groupName: string | null
  payloadCheck: PayloadCheck
  /** Of messages to endpoints that have no schedule of their own; null: the dialect's. */
  retryScheduleMs: number[] | null
  createdAtMs: number
  updatedAtMs: number
}

/** What a payload that does not fit the newest schema means: nothing, a line in the log, or a refusal. */
export type PayloadCheck = 'off' | 'report' | 'refuse'

/** With `create` and `put` a field that is left out takes its default; with `patch` it stays. */
export interface EventTypeSettings {
  description: string
  schemas?: Record<string, unknown> | null
  archived?: boolean
  deprecated?: boolean
  featureFlag?: string | null
  groupName?: string | null
  payloadCheck?: PayloadCheck
  retryScheduleMs?: number[] | null
}

/** Those that a caller has; null: all of them. */
type Flags = readonly string[] | null

const eventTypes = defineTable<EventType, keyof EventTypeSettings, { tenantId: string }>({
  name: 'event_type',
  key: 'name',
  fixed: { name: 'name', createdAtMs: 'created_at', updatedAtMs: 'updated_at' },
  settings: {
    description: 'description',
    schemas: 'schemas',
    archived: 'archived',
    deprecated: 'deprecated',
    featureFlag: 'feature_flag',
    groupName: 'group_name',
    payloadCheck: 'payload_check',
    retryScheduleMs: 'retry_schedule_ms',
  },
  unread: { tenantId: 'tenant_id' },
})

const defaults = {
  schemas: null,
  archived: false,
  deprecated: false,
  featureFlag: null,
  groupName: null,
  payloadCheck: 'off' as const,
}

const overwrite = /* sql */ `on conflict (tenant_id, name) do update
  set description = excluded.description, schemas = excluded.schemas, archived = excluded.archived,
      deprecated = excluded.deprecated, feature_flag = excluded.feature_flag, group_name = excluded.group_name,
      payload_check = excluded.payload_check, updated_at = now()` as const
const overwriteArchived = `${overwrite} where event_type.archived` as const

export type EventTypeListOptions = ListOptions<'name'> & {
  includeArchived: boolean
  /** Those with another flag are left out; null: none are. */
  flags?: string[] | null
}

export type EventTypes = ReturnType<typeof createEventTypes>

/** Event types of a tenant, by name, in the order of their names. A miss is `not_found`. */
export function createEventTypes({ pool, write: writeNoted }: { pool: Pool; write: Write }) {
  const write = async <T>(tenantId: string, change: (db: Queryable) => Promise<T>): Promise<T> =>
    await writeNoted(async (db, note) => {
      const result = await change(db)
      await note('event-type', tenantId)
      return result
    })

  return {
    /** Makes it, or takes it out of the archive with what is given; `conflict` where there is one. */
    async create(tenantId: string, name: string, settings: EventTypeSettings): Promise<EventType> {
      check(settings, name)
      return await write(tenantId, async (db) => {
        const whole = { ...defaults, ...settings, tenantId, name }
        const made = await eventTypes.insert(db, whole, overwriteArchived)
        if (!made) throw new PomboError('conflict', { detail: say('event_type_taken', { name }) })
        return made
      })
    },

    /** For who has these flags; null: all. To others a type with another flag is as if it were not there. */
    async get(tenantId: string, name: string, flags: Flags): Promise<EventType> {
      const found = await eventTypes.find(pool, { tenantId, name })
      const flag = found?.featureFlag ?? null
      if (found === undefined || (flag !== null && flags?.includes(flag) === false))
        missing('event type', name)
      return found
    },

    list: async (tenantId: string, options: EventTypeListOptions): Promise<Page<EventType>> =>
      await eventTypes.list(
        pool,
        { tenantId, archived: options.includeArchived ? undefined : false },
        options,
        options.flags == null
          ? undefined
          : (bound) => `(feature_flag is null or feature_flag = any(${bound(options.flags)}))`,
      ),

    /**
     * Of these names those that there are none of, archived ones neither, as who has these flags sees it; none where
     * others may be asked for.
     */
    async unknownOf(tenantId: string, names: readonly string[], flags: Flags): Promise<string[]> {
      const { rows } = await pool.query<{ name: string }>(
        /* sql */ `
          select n.name
            from tenant t, unnest($2::text[]) n (name)
           where t.id = $1
             and not t.allow_unknown_event_types
             and exists (select from event_type where tenant_id = t.id)
             and not exists (
               select
                 from event_type
                where tenant_id = t.id and name = n.name
                  and ($3::text[] is null or feature_flag is null or feature_flag = any($3)))`,
        [tenantId, names, flags],
      )
      return rows.map(({ name }) => name)
    },

    /** The names of those that are shown to who has these flags; null: all. */
    async names(tenantId: string, flags: Flags): Promise<string[]> {
      const { rows } = await pool.query<{ name: string }>(
        /* sql */ `
          select name
            from event_type
           where tenant_id = $1
             and ($2::text[] is null or feature_flag is null or feature_flag = any($2))`,
        [tenantId, flags],
      )
      return rows.map(({ name }) => name)
    },

    /** Those whose payloads are checked. */
    async checked(tenantId: string): Promise<EventType[]> {
      const { rows } = await pool.query<EventType>(
        /* sql */ `
          select ${eventTypes.selected()}
            from event_type
           where tenant_id = $1 and payload_check <> 'off'`,
        [tenantId],
      )
      return rows
    },

    /** Sets all of it, or makes it. */
    async put(
      tenantId: string,
      name: string,
      settings: EventTypeSettings,
    ): Promise<{ eventType: EventType; created: boolean }> {
      check(settings, name)
      return await write(tenantId, async (db) => {
        const found = await eventTypes.find(db, { tenantId, name }, 'for update')
        const whole = { ...defaults, ...settings, tenantId, name }
        return { eventType: (await eventTypes.insert(db, whole, overwrite))!, created: !found }
      })
    },

    /** Sets some and archives others, all together or none. */
    async putAll(
      tenantId: string,
      wanted: readonly (EventTypeSettings & { name: string })[],
      archived: readonly string[],
    ): Promise<void> {
      for (const { name, ...settings } of wanted) check(settings, name)
      await write(tenantId, async (db) => {
        for (const { name, ...settings } of wanted)
          await eventTypes.insert(db, { ...defaults, ...settings, tenantId, name }, overwrite)
        for (const name of archived)
          await eventTypes.update(db, { tenantId, name }, { archived: true })
      })
    },

    async patch(
      tenantId: string,
      name: string,
      settings: Partial<EventTypeSettings>,
    ): Promise<EventType> {
      check(settings)
      return await writeNoted(async (db, note) => {
        const changed = await eventTypes.update(db, { tenantId, name }, settings)
        if (!changed) missing('event type', name)
        await note('event-type', tenantId)
        // Deliveries read it with the app.
        if (settings.retryScheduleMs !== undefined) await note('tenant', tenantId)
        return changed
      })
    },

    /** Out of the lists; endpoints that subscribed to it stay subscribed. */
    async archive(tenantId: string, name: string): Promise<void> {
      await write(tenantId, async (db) => {
        if (!(await eventTypes.update(db, { tenantId, name }, { archived: true })))
          missing('event type', name)
      })
    },

    /** Gone for good. */
    async expunge(tenantId: string, name: string): Promise<void> {
      await write(tenantId, async (db) => {
        if ((await eventTypes.delete(db, { tenantId, name })) === 0) missing('event type', name)
      })
    },
  }
}

function check(settings: Partial<EventTypeSettings>, name?: string): void {
  const pattern = /^[a-zA-Z0-9\-_.]{1,256}$/
  const form = (text: string) =>
    pattern.test(text) ? undefined : 'has 1 to 256 letters, digits, "-", "_" and "."'
  checkSettings<EventTypeSettings & { name: string }>(
    { ...settings, ...(name !== undefined && { name }) },
    {
      name: form,
      featureFlag: form,
      groupName: form,
      description: atMost(16_384),
      schemas: (schemas) => jsonProblem(schemas, 1_048_576),
    },
  )
}
