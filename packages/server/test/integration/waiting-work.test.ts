// Which endpoints the dispatcher claims from when it looks at all that have work.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpointsWithWork } from '../../src/queue/claim/waiting/store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => await database?.drop())

const uuid = (n: number) => `02000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [tenant, app, node] = [uuid(1), uuid(2), uuid(3)]
const none = '00000000-0000-0000-0000-000000000000'

interface Waiting {
  key?: string
  dueInSeconds: number
  leased?: true
}

interface State {
  name: string
  work: Waiting[]
  /** What is true of the endpoint; 'gone': it has been deleted. */
  endpoint?: 'paused' | 'disabled' | 'gone'
  /** Columns of its circuit. */
  circuit?: string
  due: boolean
}

const now: Waiting = { dueInSeconds: 0 }
const later: Waiting = { dueInSeconds: 3_600 }
const keys = (count: number, more: Waiting) =>
  Array.from({ length: count }, (_, i): Waiting => ({ ...more, key: `k${i}` }))

const states: State[] = [
  { name: 'due', work: [now], due: true },
  { name: 'waits for a retry', work: [later, later], due: false },
  { name: 'one of two is due', work: [later, now], due: true },
  { name: 'in hand', work: [{ ...now, leased: true }, later], due: false },
  { name: 'of a key, due', work: [{ ...now, key: 'a' }, later], due: true },
  { name: 'of keys, one due', work: [...keys(9, later), { ...now, key: 'z' }], due: true },
  { name: 'of keys, retries', work: keys(9, later), due: false },
  { name: 'of keys, in hand', work: keys(9, { ...now, leased: true }), due: false },
  { name: 'of more keys than are looked at', work: keys(150, later), due: true },
  { name: 'paused', work: [now], endpoint: 'paused', due: false },
  { name: 'disabled', work: [{ ...now, key: 'a' }], endpoint: 'disabled', due: false },
  { name: 'deleted', work: [now], endpoint: 'gone', due: true },
  { name: 'open', work: [now], circuit: `'open', now() + '1 hour', null`, due: false },
  {
    name: 'to be probed',
    work: [now],
    circuit: `'open', now() - '1 s'::interval, null`,
    due: true,
  },
  { name: 'probed', work: [now], circuit: `'half-open', null, now() + '1 hour'`, due: false },
  {
    name: 'prober gone',
    work: [now],
    circuit: `'half-open', null, now() - '1 s'::interval`,
    due: true,
  },
  { name: 'closed', work: [now], circuit: `'closed', now() + '1 hour', null`, due: true },
]
const idOf = (place: number) => uuid(100 + place)

test('only endpoints are claimed from of which something may go now', async () => {
  const { pool } = database
  await pool.query(`insert into tenant (id, name) values ($1, 't')`, [tenant])
  await pool.query(`insert into app (id, tenant_id, name) values ($1, $2, 'a')`, [app, tenant])
  let message = 1_000
  for (const [place, { work, endpoint, circuit }] of states.entries()) {
    const id = idOf(place)
    const flag = endpoint ?? 'paused'
    if (endpoint !== 'gone')
      await pool.query(
        `insert into endpoint (id, tenant_id, app_id, url, ${flag}) values ($1, $2, $3, 'https://e.example', $4)`,
        [id, tenant, app, endpoint !== undefined],
      )
    if (circuit !== undefined)
      await pool.query(
        `insert into endpoint_health (endpoint_id, tenant_id, circuit, open_until, probe_until)
         values ($1, $2, ${circuit})`,
        [id, tenant],
      )
    for (const { key, dueInSeconds, leased } of work)
      await pool.query(
        `insert into work (endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at,
           ordering_key, seq, lease_owner, payload_bytes, event_type)
         values ($1, $2, $2, $3, $4, 1, now() + $5 * interval '1 second', $6::text, $7, $8, 1, 'a.b')`,
        [id, uuid(++message), tenant, app, dueInSeconds, key, key && message, leased && node],
      )
  }
  for (const limit of [3, 200]) {
    const found: string[] = []
    for (let after: string | undefined = none; after !== undefined; ) {
      const page = await endpointsWithWork(pool, after, limit)
      found.push(...page.due.map(({ id, keyed }) => `${nameOf(id)}${keyed ? ', keyed' : ''}`))
      after = page.next
    }
    expect(found).toEqual(
      states
        .filter(({ due }) => due)
        .map(({ name, work }) => `${name}${work.some(({ key }) => key) ? ', keyed' : ''}`),
    )
  }
})

function nameOf(id: string): string | undefined {
  return states.find((_, place) => idOf(place) === id)?.name
}
