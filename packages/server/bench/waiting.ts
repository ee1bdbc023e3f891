import { setTimeout as sleep } from 'node:timers/promises'
import { openPool, type Pool } from '../src/db/pool.ts'
import { endpointsWithWork } from '../src/queue/claim/waiting/store.ts'
import { type Figure, figure, median } from './parts/figure.ts'
import { openDatabaseMeter } from './parts/postgres.ts'
import type { Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

const lookedAt = 200
const none = '00000000-0000-0000-0000-000000000000'

/** What a node and PostgreSQL do while very many endpoints wait for a retry that is due later, and nothing else. */
export async function waiting(
  stage: Stage,
  { endpoints, seconds }: { endpoints: number; seconds: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const admin = openPool(stage.adminUrl, 1, 'bench')
  const meter = await openDatabaseMeter(admin)
  try {
    return await withSubject(stage, 'waiting', async ({ part, pool, target }) => {
      await target('first')
      const atRest = async (name: string): Promise<{ node: number; database: number }> => {
        await sleep(3_000)
        const before = await part.ask<{ cpuMs: number }>('usage')
        const looked = await meter.look()
        const startedAt = performance.now()
        await sleep(seconds * 1_000)
        const after = await part.ask<{ cpuMs: number }>('usage')
        const database = (await meter.since(looked)).cpuMs ?? Number.NaN
        const share = 100 / (performance.now() - startedAt)
        const used = { node: (after.cpuMs - before.cpuMs) * share, database: database * share }
        say(`  ${name}: ${shown(used)}`)
        return used
      }
      const idle = await atRest('nothing waits')
      await fill(pool, endpoints)
      const times: number[] = []
      for (let call = 0; call < 50; call++) {
        const startedAt = performance.now()
        await endpointsWithWork(pool, none, lookedAt)
        times.push(performance.now() - startedAt)
      }
      const busy = await atRest(`${endpoints} endpoints wait`)
      return [
        figure(
          `CPU of node and PostgreSQL while ${endpoints} endpoints wait for a retry, more than at rest`,
          busy.node + busy.database - idle.node - idle.database,
          '≤ 10 % of a core',
          `${shown(busy)} against ${shown(idle)}`,
        ),
        figure(`a look at ${lookedAt} of them`, median(times), 'ms', 'the statement and its way'),
      ]
    })
  } finally {
    await admin.end()
  }
}

function shown({ node, database }: { node: number; database: number }): string {
  return `node ${node.toFixed(1)} %, PostgreSQL ${database.toFixed(1)} %`
}

/** One delivery each that was tried before and is due in an hour. */
async function fill(pool: Pool, endpoints: number): Promise<void> {
  await pool.query(
    `insert into endpoint (id, tenant_id, app_id, url)
     select gen_random_uuid(), tenant_id, id, 'http://127.0.0.1:9/'
       from app, generate_series(1, $1)
      where kind = 'app'`,
    [endpoints],
  )
  await pool.query(
    `insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, attempt,
       payload_bytes, event_type)
     select id, uuid_v7(), uuid_v7(), tenant_id, app_id, 1, now() + interval '1 hour', 3, 600, 'message.received'
       from endpoint`,
  )
}
