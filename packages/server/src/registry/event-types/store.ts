import type { Selectable } from 'kysely'
import { PomboError } from '../../core/error.ts'
import { noteChange } from '../../db/changes.ts'
import { inAuditedTransaction } from '../../db/audit.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { rows, run, tables, type EventTypeTable } from '../../db/tables.ts'
import { createChecks, jsonProblem, lengthProblem } from '../checks.ts'
import { page, type Page } from '../page.ts'

/** A kind of message that a tenant's producers send, documented for those who subscribe. Messages of other types are accepted too. */
export interface EventType {
  name: string
  description: string
  /** JSON Schemas by version. */
  schemas: Record<string, unknown> | null
  archived: boolean
  deprecated: boolean
  featureFlag: string | null
  createdAtMs: number
  updatedAtMs: number
}

/** With `create` and `put` a field that is left out takes its default; with `patch` it stays. */
export interface EventTypeSettings {
  description: string
  schemas?: Record<string, unknown> | null
  archived?: boolean
  deprecated?: boolean
  featureFlag?: string | null
}

export interface EventTypeListOptions {
  limit: number
  /** The last name of the page before. */
  after?: { name: string } | undefined
  order: 'ascending' | 'descending'
  includeArchived: boolean
}

export type EventTypes = ReturnType<typeof createEventTypes>

/** Event types of a tenant, by name, in the order of their names. A miss is `not_found`. */
export function createEventTypes({
  pool,
  changed,
}: {
  pool: Pool
  changed: (kind: 'event-type', tenantId: string) => void
}) {
  async function write<T>(tenantId: string, work: (db: Queryable) => Promise<T>): Promise<T> {
    const result = await inAuditedTransaction(pool, async (db) => {
      const done = await work(db)
      await noteChange(db, 'event-type', tenantId)
      return done
    })
    changed('event-type', tenantId)
    return result
  }

  /** Undefined where there is one already; an archived one is taken out of the archive when asked. */
  async function insert(
    db: Queryable,
    tenantId: string,
    name: string,
    settings: EventTypeSettings,
    over: 'archived' | 'any',
  ): Promise<EventType | undefined> {
    const values = columns({
      schemas: null,
      archived: false,
      deprecated: false,
      featureFlag: null,
      ...settings,
    })
    const [row] = await rows(
      db,
      tables
        .insertInto('event_type')
        .values({ tenant_id: tenantId, name, ...values, description: settings.description })
        .onConflict((on) => {
          const update = on
            .columns(['tenant_id', 'name'])
            .doUpdateSet((to) => ({ ...values, updated_at: to.fn<Date>('now') }))
          return over === 'any' ? update : update.where('event_type.archived', '=', true)
        })
        .returningAll(),
    )
    return row && eventTypeOf(row)
  }

  return {
    /** Makes it, or takes it out of the archive with what is given; `conflict` where there is one. */
    async create(tenantId: string, name: string, settings: EventTypeSettings): Promise<EventType> {
      check(settings, name)
      return await write(tenantId, async (db) => {
        const made = await insert(db, tenantId, name, settings, 'archived')
        if (!made)
          throw new PomboError('conflict', { detail: `There is an event type "${name}" already.` })
        return made
      })
    },

    async get(tenantId: string, name: string): Promise<EventType> {
      const [row] = await rows(
        pool,
        tables
          .selectFrom('event_type')
          .selectAll()
          .where('tenant_id', '=', tenantId)
          .where('name', '=', name),
      )
      return row ? eventTypeOf(row) : missing(name)
    },

    async list(tenantId: string, options: EventTypeListOptions): Promise<Page<EventType>> {
      const ascending = options.order === 'ascending'
      let query = tables
        .selectFrom('event_type')
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .orderBy('name', ascending ? 'asc' : 'desc')
        .limit(options.limit + 1)
      if (!options.includeArchived) query = query.where('archived', '=', false)
      if (options.after) query = query.where('name', ascending ? '>' : '<', options.after.name)
      return page((await rows(pool, query)).map(eventTypeOf), options.limit)
    },

    /** Sets all of it, or makes it. */
    async put(
      tenantId: string,
      name: string,
      settings: EventTypeSettings,
    ): Promise<{ eventType: EventType; created: boolean }> {
      check(settings, name)
      return await write(tenantId, async (db) => {
        const [there] = await rows(
          db,
          tables
            .selectFrom('event_type')
            .select('name')
            .where('tenant_id', '=', tenantId)
            .where('name', '=', name)
            .forUpdate(),
        )
        return { eventType: (await insert(db, tenantId, name, settings, 'any'))!, created: !there }
      })
    },

    async patch(
      tenantId: string,
      name: string,
      settings: Partial<EventTypeSettings>,
    ): Promise<EventType> {
      check(settings)
      return await write(tenantId, async (db) => {
        const [row] = await rows(
          db,
          tables
            .updateTable('event_type')
            .set((to) => ({ ...columns(settings), updated_at: to.fn<Date>('now') }))
            .where('tenant_id', '=', tenantId)
            .where('name', '=', name)
            .returningAll(),
        )
        return row ? eventTypeOf(row) : missing(name)
      })
    },

    /** Out of the lists; endpoints that subscribed to it stay subscribed. */
    async archive(tenantId: string, name: string): Promise<void> {
      await write(tenantId, async (db) => {
        const update = tables
          .updateTable('event_type')
          .set((to) => ({ archived: true, updated_at: to.fn<Date>('now') }))
        if (
          (await run(db, update.where('tenant_id', '=', tenantId).where('name', '=', name))) === 0
        )
          missing(name)
      })
    },

    /** Gone for good. */
    async expunge(tenantId: string, name: string): Promise<void> {
      await write(tenantId, async (db) => {
        if (
          (await run(
            db,
            tables
              .deleteFrom('event_type')
              .where('tenant_id', '=', tenantId)
              .where('name', '=', name),
          )) === 0
        )
          missing(name)
      })
    },
  }
}

function columns(settings: Partial<EventTypeSettings>) {
  return {
    ...(settings.description !== undefined && { description: settings.description }),
    ...(settings.schemas !== undefined && { schemas: settings.schemas }),
    ...(settings.archived !== undefined && { archived: settings.archived }),
    ...(settings.deprecated !== undefined && { deprecated: settings.deprecated }),
    ...(settings.featureFlag !== undefined && { feature_flag: settings.featureFlag }),
  }
}

function check(
  { description, schemas, featureFlag }: Partial<EventTypeSettings>,
  name?: string,
): void {
  const checks = createChecks()
  const pattern = /^[a-zA-Z0-9\-_.]{1,256}$/
  const form = '1 to 256 letters, digits, "-", "_" and "."'
  if (name !== undefined && !pattern.test(name)) checks.note('name', `has ${form}`)
  if (typeof featureFlag === 'string' && !pattern.test(featureFlag))
    checks.note('featureFlag', `has ${form}`)
  if (description !== undefined) checks.note('description', lengthProblem(description, 16_384))
  if (schemas) checks.note('schemas', jsonProblem(schemas, 1_048_576))
  checks.settle()
}

function missing(name: string): never {
  throw new PomboError('not_found', { what: 'event type', id: name })
}

function eventTypeOf(row: Selectable<EventTypeTable>): EventType {
  return {
    name: row.name,
    description: row.description,
    schemas: row.schemas,
    archived: row.archived,
    deprecated: row.deprecated,
    featureFlag: row.feature_flag,
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  }
}
