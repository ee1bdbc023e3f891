// The export of a million log lines, by a Pombo whose heap could not hold them.
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readId } from '../../src/core/id.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startPombo } from '../support/pombo-app.ts'

const rows = 1_000_000
/**
 * The export as JSON has 249 MB, as objects more than twice that; Pombo and what it is made of need about 90. Nearer
 * to those it only collects garbage.
 */
const heapMb = 200
/**
 * The whole process at its largest: the heap, and what Node and buffers take outside of it. Measured: 291. With the
 * export in buffers it would be over 400.
 */
const peakMb = 360

/** The most memory that a process ever had, in MB, where the system tells. */
function peakOf(pid: number): number | undefined {
  const file = `/proc/${pid}/status`
  const kb = existsSync(file) && /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(file, 'utf8'))?.[1]
  return kb ? Number(kb) / 1_024 : undefined
}

/** Over half a day, a few of every hundred failed. */
async function seed({ pool }: TestDatabase, apps: string[], endpoints: string[]): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('set statement_timeout = 0')
    // What is made after the rows takes a third of the time: neither a log of the writes nor indexes that grow row by
    // row.
    const { rows: days } = await client.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'attempt'::regclass`,
    )
    for (const { name } of days) await client.query(`alter table ${name} set unlogged`)
    const { rows: indexes } = await client.query<{ name: string; made: string }>(
      `select indexrelid::regclass::text as name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as made
         from pg_index where indrelid = 'attempt'::regclass and not indisprimary`,
    )
    for (const { name } of indexes) await client.query(`drop index ${name}`)
    await client.query(
      `insert into attempt (
         id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code, response,
         error, duration_ms, trigger, url, event_type, created_at)
       select id, (select id from tenant limit 1), ($2::uuid[])[1 + n % 3], ($1::uuid[])[1 + n % 3], id, id, 1,
              case when n % 50 = 0 then 'refused' else 'delivered' end,
              case when n % 50 = 0 then 503 else 200 end,
              '',
              case when n % 50 = 0 then 'status 503' end,
              245, 0, 'https://webhook.example.com/events', 'message.received', to_timestamp(ms / 1000.0)
         from (
           select n, ms, (lpad(to_hex(ms), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid as id
             from (
               select n, (extract(epoch from now()) * 1000)::bigint - n * 43 as ms
                 from generate_series($3::int, 1, -1) n
             ) times
         ) ids`,
      [endpoints, apps, rows],
    )
    for (const { made } of indexes) await client.query(made)
    await client.query('analyze attempt')
  } finally {
    client.release()
  }
}

test('a million log lines are exported in constant memory, as JSON, and the failed ones as CSV', {
  timeout: 300_000,
}, async () => {
  const database = await createTestDatabase()
  const pombo = await startPombo({}, database)
  const headers = { apikey: pombo.key }
  const endpoints: string[] = []
  const apps: string[] = []
  for (const instance of ['a', 'b', 'c']) {
    const body = { webhook: { enabled: true, url: 'https://webhook.example.com/events' } }
    const set = await pombo.call('POST', `/webhook/set/${instance}`, { body, headers })
    endpoints.push(readId('endpoint', set.body.id)!)
    apps.push(readId('app', set.body.instanceId)!)
  }
  await pombo.stop()
  await seed(database, apps, endpoints)

  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${heapMb}`,
      fileURLToPath(new URL('../support/pombo-child.ts', import.meta.url)),
      database.url,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const closed = once(child, 'close')
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const started = await lines.next()
    const { url } = JSON.parse(String(started.value)) as { url: string }
    for (const [query, expected] of [
      ['format=json', rows],
      ['format=csv&type=errors', rows / 50 + 1],
    ] as const) {
      const response = await fetch(`${url}/webhook/logs/export?${query}`, { headers })
      expect(response.status).toBe(200)
      let lines = 0
      let bytes = 0
      let end = ''
      for await (const chunk of response.body!) {
        bytes += chunk.length
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1
        end = (end + Buffer.from(chunk.subarray(-100)).toString()).slice(-100)
      }
      // JSON has a line break before each entry, CSV one after each and after its header.
      expect(lines).toBe(expected)
      if (expected === rows) {
        expect(end).toContain(`"total":${rows}}}`)
        expect(bytes).toBeGreaterThan(heapMb * 1_048_576)
      }
    }
    const peak = peakOf(child.pid!)
    if (peak !== undefined) expect(peak).toBeLessThan(peakMb)
    const metrics = await fetch(`${url}/webhook/logs?limit=1000`, { headers })
    expect(((await metrics.json()) as { data: { total: number } }).data.total).toBe(1_000)
  } finally {
    child.stdin.end()
    await closed
    await database.drop()
  }
})
