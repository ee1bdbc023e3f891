import type { Queryable } from '../../db/pool.ts'
import type { ClosedState, Place } from '../../queue/reopen/store.ts'

/** What a job was told to do. */
export interface ReplayArgs {
  states: ClosedState[]
  eventTypes: string[] | null
  sinceMs: number
  untilMs: number
  /** CEL; null: none. */
  payloadFilter: string | null
  /** Deliveries opened a second, over all nodes. */
  ratePerSecond: number
  /** 0 high, 1 normal, 2 low */
  priority: number
  /** Counts and opens nothing. */
  dryRun: boolean
  /** Of statistics: these apps' alone. */
  appIds?: string[]
  /** Of a broadcast, until it was sent. */
  message?: StoredBroadcast
}

export interface StoredBroadcast {
  eventType: string
  /** As it is stored, under the job's id. */
  payload: string
  channels: string[] | null
  eventId: string | null
  retentionDays: number | null
}

/** What a job over failed deliveries was told to do. */
export interface BulkArgs extends ReplayArgs {
  /** Open deliveries that are meant, too: those that were tried, or all that wait. */
  open: 'none' | 'tried' | 'all'
  /** Of what the last attempt failed (core/cause.ts); null: anything. */
  cause: string | null
  /** Only these of them; null: all. */
  only: Place[] | null
  /** Why they are given up. */
  reason: string | null
}

/** Where a job stands: it first counts what is meant, then goes over the same again and opens it. */
export interface JobCursor {
  phase: 'counting' | 'opening'
  /** Of a job over failed deliveries: which walk it is at. */
  part?: 'open' | 'closed'
  behind?: Place
  /** The same, of work that goes over something else. */
  at?: string
  /** Pages that failed one after the other. */
  failures?: number
}

export interface Job {
  id: string
  tenantId: string
  appId: string | null
  endpointId: string | null
  task: string
  args: ReplayArgs | BulkArgs
  cursor: JobCursor | null
  /** What it has found out so far, where that is what it is for. */
  result: unknown
}

// A job is free while no live node leases it; also one that this node leased and did not finish, since it does one page
// at a time.
const free = (node: string) =>
  /* sql */ `(lease_owner is null or lease_owner = ${node} or not exists (
                select from node where node.id = lease_owner and node.expires_at > now()))`

/** In how many milliseconds the next page of any job is due. */
export async function nextDueMs(db: Queryable, node: string): Promise<number | undefined> {
  const { rows } = await db.query<{ in_ms: number }>(
    /* sql */ `
      select (extract(epoch from due_at - now()) * 1000)::float8 as in_ms
        from job
       where status = 'running' and ${free('$1')}
       order by due_at
       limit 1`,
    [node],
  )
  return rows[0]?.in_ms
}

/** Leases the job that is due first for one page; one that somebody has locked holds up no other. */
export async function takeJob(db: Queryable, node: string): Promise<Job | undefined> {
  const { rows } = await db.query<Job>(
    /* sql */ `
      update job set lease_owner = $1
       where id = (
         select id from job
          where status = 'running' and due_at <= now() and ${free('$1')}
          order by due_at
          limit 1
            for update skip locked)
      returning id, tenant_id as "tenantId", app_id as "appId", endpoint_id as "endpointId", task, args, cursor,
                result`,
    [node],
  )
  return rows[0]
}

/**
 * Holds the job for the rest of the transaction. False: it was canceled, or another node has it, since this one was
 * taken for gone.
 */
export async function holdJob(db: Queryable, node: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from job where id = $1 and lease_owner = $2 and status = 'running' for update`,
    [id, node],
  )
  return rowCount === 1
}

export interface PageResult {
  cursor: JobCursor
  /** Of this page. */
  matched: number
  opened: number
  skipped: number
  /** The count is complete with this page. */
  counted: boolean
  status: 'running' | 'finished'
  /** The next page's distance from this one. */
  pauseMs: number
  /** In place of what it had found out before. */
  result?: unknown
}

/** Notes a page, in the transaction that did it, and ends the lease. */
export async function savePage(db: Queryable, id: string, page: PageResult): Promise<void> {
  await db.query(
    /* sql */ `
      update job
         set cursor = $2,
             matched = matched + $3,
             done = done + $4,
             skipped = skipped + $5,
             total = case when $6 then matched + $3 else total end,
             status = $7,
             due_at = greatest(due_at, now() - interval '1 second') + $8 * interval '1 millisecond',
             result = coalesce($9, result),
             lease_owner = null,
             updated_at = now()
       where id = $1`,
    [
      id,
      JSON.stringify(page.cursor),
      page.matched,
      page.opened,
      page.skipped,
      page.counted,
      page.status,
      page.pauseMs,
      page.result === undefined ? null : JSON.stringify(page.result),
    ],
  )
}

/** Notes that a page failed, and ends the lease: the job is tried again after a while, or has failed for good. */
export async function saveFailure(
  db: Queryable,
  id: string,
  failure: { cursor: JobCursor; error: string | null; final: boolean; pauseMs: number },
): Promise<void> {
  await db.query(
    /* sql */ `
      update job
         set cursor = $2,
             error = $3,
             status = case when $4 then 'failed' else status end,
             args = case when $4 then args - 'message' else args end,
             due_at = now() + $5 * interval '1 millisecond',
             lease_owner = null,
             updated_at = now()
       where id = $1`,
    [id, JSON.stringify(failure.cursor), failure.error, failure.final, failure.pauseMs],
  )
}
