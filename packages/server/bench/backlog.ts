import { openPool } from '../src/db/pool.ts'
import { startPart } from './parts/child.ts'
import { apiKey, call, drive, median, type Stage } from './parts/stage.ts'
import type { Figure } from './throughput.ts'

/**
 * A dead endpoint with a million deliveries waiting: what does a healthy one beside it get, and what does the
 * heap do?
 */
export async function backlog(
  stage: Stage,
  { waiting, rounds, events }: { waiting: number; rounds: number; events: number },
  say: (line: string) => void,
): Promise<Figure[]> {
  const databaseUrl = await stage.database('backlog')
  const pombo = await startPart(
    'pombo.ts',
    { databaseUrl, dataDir: stage.dataDir, apiKey },
    { execArgv: ['--expose-gc'] },
  )
  const pool = openPool(databaseUrl, 1, 'bench')
  try {
    const url = await pombo.ask<string>('url')
    const healthy = await call<{ id: string }>(url, 'POST', '/app', { name: 'healthy' })
    await call(url, 'POST', `/app/${healthy.id}/endpoint`, {
      url: `${stage.receiverUrl}/ok`,
      maxInFlight: 64,
    })
    const load = {
      urls: [`${url}/api/v1/app/${healthy.id}/msg?with_content=false`],
      headers: { authorization: `Bearer ${apiKey}` },
      count: events,
    }
    let first = 0
    const measure = async (): Promise<number> => {
      const result = await drive(stage, { ...load, firstNumber: first })
      first += events
      return (events / result.deliveredMs) * 1000
    }
    const heap = async () => {
      await pombo.ask('gc')
      return (await pombo.ask<{ heapBytes: number }>('usage')).heapBytes
    }
    await stage.receiver.ask('reset')
    await measure()
    const empty: number[] = []
    for (let round = 0; round < rounds; round++) empty.push(await measure())
    const heapBefore = await heap()

    const dead = await call<{ id: string }>(url, 'POST', '/app', { name: 'dead' })
    // Port 9 (discard) of this machine: refused at once, as by a receiver that is down.
    await call(url, 'POST', `/app/${dead.id}/endpoint`, { url: 'http://127.0.0.1:9/' })
    say(`  filling ${waiting.toLocaleString('en')} waiting deliveries`)
    await fill(pool, waiting)
    // Long enough for the loop to find it, fail on it and open its circuit.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const beside: number[] = []
    for (let round = 0; round < rounds; round++) beside.push(await measure())
    const heapAfter = await heap()
    const { rows } = await pool.query<{ open: number }>('select count(*) as open from work')
    say(
      `  empty ${empty.map(Math.round).join(', ')}; beside ` +
        `${rows[0]!.open.toLocaleString('en')} waiting ${beside.map(Math.round).join(', ')} ` +
        'events/s',
    )
    const ratio = median(beside) / median(empty)
    const grownMb = (heapAfter - heapBefore) / 1_048_576
    return [
      {
        name: `throughput beside ${waiting.toLocaleString('en')} deliveries to a dead endpoint, against an empty queue`,
        value: ratio,
        unit: '×',
        goal: '≥ 0.9',
        reached: ratio >= 0.9,
        detail: `${Math.round(median(beside))} against ${Math.round(median(empty))} events/s`,
      },
      {
        name: 'heap growth by that backlog',
        value: grownMb,
        unit: 'MB',
        goal: '≤ 50',
        reached: grownMb <= 50,
        detail: `${(heapAfter / 1_048_576).toFixed(0)} MB after`,
      },
    ]
  } finally {
    await pool.end()
    await pombo.stop()
  }
}

/** Rows as accepting them one by one would have left them. */
async function fill(pool: ReturnType<typeof openPool>, count: number): Promise<void> {
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
