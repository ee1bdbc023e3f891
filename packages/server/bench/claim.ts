import type { QueryResultRow } from 'pg'
import { migrate } from '../src/db/migrate.ts'
import { makePartitions } from '../src/db/partitions.ts'
import { openPool, type Pool, type Queryable } from '../src/db/pool.ts'
import { claim, type ClaimRequest } from '../src/queue/claim/store.ts'
import { endpointsWithWork } from '../src/queue/claim/waiting/store.ts'
import { type Figure, figure, percentile } from './parts/figure.ts'
import type { Stage } from './parts/stage.ts'

const endpoints = 100
const perEndpoint = 10
const node = '00000000-0000-7000-8000-000000000001'
const zero = '00000000-0000-0000-0000-000000000000'

/** What a look for work and a claim of 500 rows from 100 endpoints cost beside one endpoint's growing backlog. */
export async function claimCost(
  stage: Stage,
  { backlogs, calls }: { backlogs: number[]; calls: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const pool = openPool(await stage.database('claim'), 1, 'bench')
  try {
    await migrate(pool)
    await makePartitions(pool, Date.now() - 86_400_000, Date.now() + 86_400_000)
    const measured: { backlog: number; p50: number; buffers: number }[] = []
    let filled = 0
    for (const backlog of backlogs) {
      await fill(pool, backlog - filled)
      filled = backlog
      const { times, buffers, plan } = await measure(pool, calls)
      const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
      measured.push({ backlog, p50, buffers })
      say(
        `  backlog ${backlog.toLocaleString('en')}: p50 ${p50.toFixed(2)} ms, p99 ` +
          `${p99.toFixed(2)} ms, ${buffers} buffers`,
      )
      if (backlog === backlogs.at(-1) && process.env['BENCH_EXPLAIN']) say(plan)
    }
    const first = measured[0]!
    const last = measured.at(-1)!
    return [
      {
        ...figure(
          `pages touched by a claim beside ${last.backlog.toLocaleString('en')} waiting, against none`,
          last.buffers / first.buffers,
          '≤ 1.2 ×',
          `${last.buffers} against ${first.buffers} buffers; p50 ${last.p50.toFixed(2)} against ` +
            `${first.p50.toFixed(2)} ms`,
        ),
        goal: 'flat (≤ 1.2)',
      },
    ]
  } finally {
    await pool.end()
  }
}

async function fill(pool: Pool, count: number): Promise<void> {
  await pool.query(
    /* sql */ `
    insert into work (
      endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
    select ('01000000-0000-7000-8000-' || lpad(to_hex(e), 12, '0'))::uuid, gen_random_uuid(), gen_random_uuid(),
           $1, $1, 1, now() - interval '1 second', 1, 'a'
      from generate_series(2, $2::int) e, generate_series(1, $3::int)
    on conflict do nothing`,
    [
      zero,
      endpoints + 1,
      (await pool.query('select 1 from work limit 1')).rowCount ? 0 : perEndpoint,
    ],
  )
  for (let done = 0; done < count; done += 100_000) {
    await pool.query(
      /* sql */ `
      insert into work (
        endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
      select '01000000-0000-7000-8000-000000000001', gen_random_uuid(), gen_random_uuid(),
             $1, $1, 1, now() - interval '1 second', 1, 'a'
        from generate_series(1, $2::int)`,
      [zero, Math.min(100_000, count - done)],
    )
  }
  await pool.query('vacuum analyze work')
}

/** Each call in a transaction that is rolled back, so that every one finds the same. */
async function measure(
  pool: Pool,
  calls: number,
): Promise<{ times: number[]; buffers: number; plan: string }> {
  const times: number[] = []
  const client = await pool.connect()
  try {
    await client.query('begin')
    const plans: string[] = []
    const explained = explaining(client, plans)
    await claim(explained, node, wantsOf((await endpointsWithWork(explained, zero, 200)).due))
    await client.query('rollback')
    for (let i = 0; i < calls; i++) {
      await client.query('begin')
      const startedAt = performance.now()
      await claim(client, node, wantsOf((await endpointsWithWork(client, zero, 200)).due))
      times.push(performance.now() - startedAt)
      await client.query('rollback')
    }
    const buffers = plans.reduce((sum, plan) => {
      const [, hit = '0', read = '0'] =
        /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan) ?? []
      return sum + Number(hit) + Number(read)
    }, 0)
    return { times: times.toSorted((a, b) => a - b), buffers, plan: plans.join('\n') }
  } finally {
    client.release()
  }
}

function wantsOf(ids: readonly { id: string }[]): ClaimRequest[] {
  return ids.map(({ id }) => ({
    endpointId: id,
    free: 5,
    order: [1, 0, 2] as const,
    floors: [0, 0, 0] as const,
  }))
}

/** Runs a statement, and its EXPLAIN before it. */
function explaining(db: Queryable, plans: string[]): Queryable {
  return {
    async query<Row extends QueryResultRow>(text: unknown, values?: unknown[]) {
      if (typeof text !== 'string') throw new Error('only text is explained')
      await db.query('savepoint explained')
      const { rows } = await db.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, buffers, costs off, timing off) ${text}`,
        values,
      )
      await db.query('rollback to explained')
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      return await db.query<Row>(text, values)
    },
  }
}
