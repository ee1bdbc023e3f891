import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../src/db/pool.ts'
import { type Figure, figure, median } from './parts/figure.ts'
import { drive, type Stage } from './parts/stage.ts'
import { withSubject } from './parts/subject.ts'

/**
 * A dead endpoint with a million deliveries waiting: what does a healthy one beside it get, and what does the
 * heap do?
 */
export async function backlog(
  stage: Stage,
  { waiting, rounds, events }: { waiting: number; rounds: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  return await withSubject(stage, 'backlog', async ({ pool, call, target, held }) => {
    const { messages } = await target('healthy')
    const send = async () => (await drive(stage, { urls: [messages], count: events })).perSecond
    const measure = async () => {
      const rates: number[] = []
      while (rates.length < rounds) rates.push(await send())
      return { rates, ...(await held()) }
    }
    await send()
    const empty = await measure()

    const dead = await call<{ id: string }>('POST', '/app', { name: 'dead' })
    // Port 9 (discard) of this machine: refused at once, as by a receiver that is down.
    await call('POST', `/app/${dead.id}/endpoint`, { url: 'http://127.0.0.1:9/' })
    const many = waiting.toLocaleString('en')
    say(`  filling ${many} waiting deliveries`)
    await fill(pool, waiting)
    // Long enough for the loop to find it, fail on it and open its circuit.
    await sleep(3_000)
    const beside = await measure()
    const { rows } = await pool.query<{ open: number }>('select count(*) as open from work')
    say(
      `  empty ${empty.rates.map(Math.round).join(', ')}; beside ` +
        `${rows[0]!.open.toLocaleString('en')} waiting ${beside.rates.map(Math.round).join(', ')} ` +
        'events/s',
    )
    const [rate, before] = [median(beside.rates), median(empty.rates)]
    const mib = (bytes: number) => bytes / 1_048_576
    return [
      figure(
        `throughput beside ${many} deliveries to a dead endpoint, against an empty queue`,
        rate / before,
        '≥ 0.9 ×',
        `${Math.round(rate)} against ${Math.round(before)} events/s`,
      ),
      figure(
        'heap growth by that backlog',
        mib(beside.heapBytes - empty.heapBytes),
        '≤ 50 MB',
        `${mib(beside.heapBytes).toFixed(0)} MB after`,
      ),
    ]
  })
}

/** Rows as accepting them one by one would have left them. */
async function fill(pool: Pool, count: number): Promise<void> {
  const chunk = 50_000
  for (let done = 0; done < count; done += chunk) {
    await pool.query(
      /* sql */ `
      with target as (
        select e.id as endpoint_id, e.app_id, e.tenant_id
          from endpoint e
          join app on app.id = e.app_id
         where app.name = 'dead'
      ),
      made as (
        insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
        select uuid_v7(), tenant_id, app_id, 'message.received', rpad('{"text":"', 690, 'x') || '"}', 692, 1, now()
          from target, generate_series(1, $1)
        returning id, tenant_id, app_id
      )
      insert into work (
        endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
      select endpoint_id, made.id, made.id, made.tenant_id, made.app_id, 1, now(), 692, 'message.received'
        from made, target`,
      [Math.min(chunk, count - done)],
    )
  }
  await pool.query('analyze work')
}
