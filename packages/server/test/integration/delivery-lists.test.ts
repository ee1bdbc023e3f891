import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type DeliveryFilter,
  deliveriesOfEndpoint,
} from '../../src/api/history/endpoint-deliveries/store.ts'
import { readIdCursor } from '../../src/api/pagination.ts'
import { showId, uuidFloor, uuidTimeMs } from '../../src/core/id.ts'
import { DAY_MS } from '../../src/core/clock.ts'
import { makePartitions } from '../../src/db/partitions.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

/** A message and how its delivery stands; some were resent days later, and ended otherwise before. */
interface Made {
  id: string
  state: 'delivered' | 'exhausted' | 'discarded' | 'pending'
  before: 'delivered' | 'exhausted' | null
}

let database: TestDatabase
const endpointId = randomUUID()
const appId = randomUUID()
const made: Made[] = []
const end = Date.now()
const idAt = (ms: number) => uuidFloor(ms).slice(0, 24) + randomBytes(6).toString('hex')

beforeAll(async () => {
  database = await createTestDatabase()
  await makePartitions(database.pool, end - 6 * DAY_MS, end)
  // Over five days, so that what is looked at first ends in the middle.
  for (let n = 0; n < 400; n++)
    made.push({
      id: idAt(end - (400 - n) * 1_000_000),
      state:
        n % 50 === 7
          ? 'pending'
          : n % 10 === 3
            ? 'exhausted'
            : n % 40 === 5
              ? 'discarded'
              : 'delivered',
      before: n % 20 === 3 ? 'delivered' : n % 20 === 4 || n % 100 === 7 ? 'exhausted' : null,
    })
  for (const { id, state, before } of made) {
    const ms = uuidTimeMs(id)
    await database.pool.query(
      `insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
       values ($1, $2, $2, 'a', '1', 1, 1, to_timestamp($3))`,
      [id, appId, ms / 1_000],
    )
    const closed = [
      ...(before ? [{ as: before, at: ms }] : []),
      ...(state === 'pending'
        ? []
        : [{ as: state, at: before ? Math.min(end, ms + 1.5 * DAY_MS) : ms }]),
    ]
    // By an attempt (the row says how the delivery closed), without one, or before that was kept in one row.
    for (const [n, { as, at }] of closed.entries())
      await (as === 'discarded' || n + (ms % 3) === 1
        ? database.pool.query(
            `insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, attempts, event_type)
             values ($1, $2, $2, $3, $4, $5, 1, 'a')`,
            [idAt(at), appId, endpointId, id, as],
          )
        : database.pool.query(
            `insert into attempt (
               id, tenant_id, app_id, endpoint_id, message_id, delivery_id, number, outcome, status_code, response,
               duration_ms, trigger, url, event_type, created_at, closes)
             values ($1, $2, $2, $3, $4, $1, 1, $5, 200, '', 1, 0, '', 'a', now(), $5)`,
            [idAt(at), appId, endpointId, id, as],
          ))
    if (state === 'pending')
      await database.pool.query(
        `insert into work (
           endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
         values ($1, $2, $3, $4, $4, 1, now(), 1, 'a')`,
        [endpointId, id, randomUUID(), appId],
      )
  }
})
afterAll(() => database.drop())

async function walked(filter: Partial<DeliveryFilter>, limit: number): Promise<string[]> {
  const ids: string[] = []
  let iterator: string | undefined
  for (;;) {
    const cursor = readIdCursor({ limit, ...(iterator && { iterator }) }, 'descending', 'message')
    const page = await deliveriesOfEndpoint(
      database.pool,
      appId,
      endpointId,
      { expanded: true, ...filter },
      cursor,
    )
    ids.push(...page.slice(0, limit).map((row) => row.message_id))
    if (page.length <= limit) return ids
    iterator = showId('message', page[limit - 1]!.message_id)
  }
}
const expected = (wanted: (one: Made) => boolean) =>
  made
    .filter(wanted)
    .map(({ id }) => id)
    .toReversed()

test.each([
  ['everything', {}, () => true],
  ['success', { status: 'success' }, ({ state }) => state === 'delivered'],
  ['fail', { status: 'fail' }, ({ state }) => state === 'exhausted'],
  [
    'fail, where canceled is unknown',
    { status: 'fail', expanded: false },
    ({ state }) => state === 'exhausted' || state === 'discarded',
  ],
  ['canceled', { status: 'canceled' }, ({ state }) => state === 'discarded'],
  ['pending', { status: 'pending' }, ({ state }) => state === 'pending'],
  ['sending', { status: 'sending' }, () => false],
  ['before a time', { before: end - 3 * DAY_MS }, ({ id }) => uuidTimeMs(id) < end - 3 * DAY_MS],
  [
    'after a time',
    { after: end - 3 * DAY_MS, status: 'fail' },
    ({ id, state }) => uuidTimeMs(id) > end - 3 * DAY_MS && state === 'exhausted',
  ],
] as [string, Partial<DeliveryFilter>, (one: Made) => boolean][])(
  'messages of an endpoint by %s, page by page: each once, by its last delivery, newest first',
  async (_, filter, wanted) => {
    for (const limit of [7, 100, 250]) expect(await walked(filter, limit)).toEqual(expected(wanted))
  },
)

test('the page before is the page before, days away from the newest', async () => {
  const all = expected(() => true)
  for (const [at, limit] of [
    [390, 20],
    [250, 20],
    [30, 20],
    // More than is looked at first.
    [399, 250],
  ] as const) {
    const cursor = readIdCursor(
      { limit, iterator: `-${showId('message', all[at]!)}` },
      'descending',
      'message',
    )
    const page = await deliveriesOfEndpoint(
      database.pool,
      appId,
      endpointId,
      { expanded: true },
      cursor,
    )
    expect(page.slice(0, limit).map((row) => row.message_id)).toEqual(
      all.slice(at - limit, at).toReversed(),
    )
  }
})
