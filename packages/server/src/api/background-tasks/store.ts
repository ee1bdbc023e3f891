import { uuidv7 } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import type { BulkArgs, JobCursor, ReplayArgs } from '../../upkeep/jobs/store.ts'
import { type Cursor, keysetRange } from '../pagination.ts'

export interface TaskRow {
  id: string
  task: string
  status: 'running' | 'finished' | 'failed' | 'canceled'
  app_id: string | null
  endpoint_id: string | null
  args: ReplayArgs & Partial<BulkArgs>
  cursor: JobCursor | null
  matched: number
  total: number | null
  done: number
  skipped: number
  error: string | null
  result: Record<string, unknown> | null
  created_ms: number
  updated_ms: number
}

const columns = /* sql */ `
  id, task, status, app_id, endpoint_id, args, cursor, matched, total, done, skipped, error, result,
  (extract(epoch from created_at) * 1000)::float8 as created_ms,
  (extract(epoch from updated_at) * 1000)::float8 as updated_ms`

/** Whose tasks: a token of one app knows of no others. */
export interface TaskScope {
  tenantId: string
  appId: string | null
}

/** Notes a job for upkeep, which works at it page by page on whichever node comes first. */
export async function startTask(
  db: Queryable,
  { tenantId, appId, endpointId }: TaskScope & { endpointId: string | null },
  task:
    | 'endpoint.recover'
    | 'endpoint.bulk-replay'
    | 'endpoint.replay'
    | 'replay'
    | 'endpoint.cancel-messages'
    | 'application.purge_content'
    | 'application.stats'
    | 'event-type.aggregate'
    | 'message.broadcast'
    | 'bulk.retry'
    | 'bulk.discard'
    | 'bulk.replay',
  args: ReplayArgs | BulkArgs,
  nowMs: number,
  id = uuidv7(nowMs),
): Promise<TaskRow> {
  const { rows } = await db.query<TaskRow>(
    /* sql */ `
      insert into job (id, tenant_id, app_id, endpoint_id, task, args)
      values ($1, $2, $3, $4, $5, $6)
      returning ${columns}`,
    [id, tenantId, appId, endpointId, task, JSON.stringify(args)],
  )
  return rows[0]!
}

/** What clients ask for as a task, and is done when they have asked. */
export async function finishedTask(
  db: Queryable,
  tenantId: string,
  task: string,
  { args, result }: { args: ReplayArgs; result: unknown },
  nowMs: number,
): Promise<TaskRow> {
  const { rows } = await db.query<TaskRow>(
    `insert into job (id, tenant_id, task, args, status, total, result)
     values ($1, $2, $3, $4, 'finished', 0, $5) returning ${columns}`,
    [uuidv7(nowMs), tenantId, task, JSON.stringify(args), JSON.stringify(result)],
  )
  return rows[0]!
}

/** What a recovery is: a replay of everything that one endpoint did not get. */
export async function startRecovery(
  db: Queryable,
  recovery: {
    tenantId: string
    appId: string
    endpointId: string
    sinceMs: number
    untilMs: number | null
  },
  nowMs: number,
): Promise<TaskRow> {
  const { sinceMs, untilMs } = recovery
  const args: ReplayArgs = { ...usual, sinceMs, untilMs: untilMs ?? nowMs + clockSlackMs }
  return await startTask(db, recovery, 'endpoint.recover', args, nowMs)
}

/** Messages of other nodes may be from the very near future. */
export const clockSlackMs = 1_000

/** What is meant unless something else is asked for. */
export const usual = {
  states: ['exhausted', 'discarded'],
  eventTypes: null,
  payloadFilter: null,
  ratePerSecond: 1_000,
  priority: 2,
  dryRun: false,
} satisfies Partial<ReplayArgs>

export interface TaskFilter {
  status?: 'running' | 'finished' | 'failed' | undefined
  task?: string | undefined
}

export async function listTasks(
  db: Queryable,
  { tenantId, appId }: TaskScope,
  filter: TaskFilter,
  cursor: Cursor,
): Promise<TaskRow[]> {
  const { compare, direction, at, limit } = keysetRange(cursor)
  // `job_list` in order from there; what the filters leave out is passed over.
  const { rows } = await db.query<TaskRow>(
    /* sql */ `
      select ${columns}
        from job
       where tenant_id = $1
         and id ${compare} $2
         and ($3::text is null or task = $3)
         and ($4::text[] is null or status = any($4))
         and ($5::uuid is null or app_id = $5)
       order by id ${direction}
       limit $6`,
    [
      tenantId,
      at,
      filter.task ?? null,
      filter.status === undefined
        ? null
        : filter.status === 'failed'
          ? ['failed', 'canceled']
          : [filter.status],
      appId,
      limit,
    ],
  )
  return rows
}

export async function findTask(
  db: Queryable,
  { tenantId, appId }: TaskScope,
  id: string,
): Promise<TaskRow | undefined> {
  // One row of the primary key.
  const { rows } = await db.query<TaskRow>(
    /* sql */ `
      select ${columns}
        from job
       where tenant_id = $1
         and id = $2
         and ($3::uuid is null or app_id = $3)`,
    [tenantId, id, appId],
  )
  return rows[0]
}

/** Ends a task that runs: the page under way is not committed after it. undefined: it runs no more, or never did. */
export async function cancelTask(
  db: Queryable,
  { tenantId, appId }: TaskScope,
  id: string,
): Promise<TaskRow | undefined> {
  // One row of the primary key.
  const { rows } = await db.query<TaskRow>(
    /* sql */ `
      update job
         set status = 'canceled', args = args - 'message', lease_owner = null, updated_at = now()
       where tenant_id = $1
         and id = $2
         and ($3::uuid is null or app_id = $3)
         and status = 'running'
      returning ${columns}`,
    [tenantId, id, appId],
  )
  return rows[0]
}

/** Null: as configured for all. */
export async function retentionDaysOf(db: Queryable, tenantId: string): Promise<number | null> {
  // One row of the primary key.
  const { rows } = await db.query<{ days: number | null }>(
    'select retention_days as days from tenant where id = $1',
    [tenantId],
  )
  return rows[0]?.days ?? null
}
