import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { attemptsByMessage } from '../../src/api/history/attempts/store.ts'
import { attemptsByEndpoint } from '../../src/api/history/endpoint-attempts/store.ts'
import { type Cursor, readIdCursor } from '../../src/api/pagination.ts'
import { showId, uuidTimeMs, uuidv7 } from '../../src/core/id.ts'
import { DAY_MS } from '../../src/core/clock.ts'
import { makePartitions } from '../../src/db/partitions.ts'
import { settle } from '../../src/record/store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

interface Made {
  id: string
  messageId: string
  outcome: string
  statusCode: number
  eventType: string
  channels: string[] | null
  tags: string[] | null
}

let database: TestDatabase
const node = randomUUID()
const endpointId = randomUUID()
const appId = randomUUID()
const made: Made[] = []
const end = Date.now()

beforeAll(async () => {
  database = await createTestDatabase()
  await makePartitions(database.pool, end - 3 * DAY_MS, end)
  // As many as several pages hold, over four days; by another endpoint's rows it is seen that these stay out.
  for (let n = 0; n < 600; n++) {
    const delivered = n % 3 !== 0
    made.push({
      id: uuidv7(end - (600 - n) * 400_000),
      messageId: uuidv7(end - (600 - n) * 400_000 - 5_000),
      outcome: delivered ? 'delivered' : 'refused',
      statusCode: delivered ? 204 : [500, 503, 404, 301, 0, 200, 999][n % 7]!,
      eventType: n === 100 ? 'rare' : `type.${n % 4}`,
      channels: n % 10 === 1 ? ['a', `n"${n}`] : null,
      tags: n % 10 === 2 ? ['t'] : n === 301 ? ['only'] : null,
    })
  }
  const rows = made.flatMap((one, n) => [
    { ...one, endpointId },
    ...(n % 2 === 0
      ? [{ ...one, endpointId: randomUUID(), id: uuidv7(uuidTimeMs(one.id) + 1) }]
      : []),
  ])
  await settle(
    database.pool,
    [node],
    0,
    rows.map((one) => ({
      ...one,
      deliveryId: one.messageId,
      leasedBy: node,
      tenantId: appId,
      appId,
      attempt: {
        ...one,
        number: 1,
        response: '',
        error: null,
        durationMs: 1,
        trigger: 0,
        url: 'https://example.com',
        startedAtMs: end,
      },
      state: 'delivered' as const,
      reason: null,
      attempts: 1,
      delayMs: 0,
    })),
  )
})
afterAll(() => database.drop())

const found = async (
  filter: Parameters<typeof attemptsByEndpoint>[2],
  cursor: Partial<Cursor> = {},
) =>
  (
    await attemptsByEndpoint(
      database.pool,
      endpointId,
      filter,
      { at: null, after: undefined, back: false, order: 'descending', limit: 1_000, ...cursor },
      false,
    )
  ).map(({ id }) => id)
const expected = (wanted: (one: Made) => boolean) =>
  made
    .filter(wanted)
    .map(({ id }) => id)
    .toReversed()
const failed = ({ outcome }: Made) => outcome !== 'delivered'

test('every filter of an endpoint’s attempts, alone and together, finds what it says, newest first', async () => {
  const middle = uuidTimeMs(made[300]!.id)
  const cases: [Parameters<typeof attemptsByEndpoint>[2], (one: Made) => boolean][] = [
    [{}, () => true],
    [{ status: 'success' }, (one) => !failed(one)],
    [{ status: 'fail' }, failed],
    [{ status: 'pending' }, () => false],
    [{ status_code_class: 0 }, ({ statusCode }) => statusCode === 0],
    [{ status_code_class: 200 }, ({ statusCode }) => statusCode === 200 || statusCode === 204],
    [{ status_code_class: 300 }, ({ statusCode }) => statusCode === 301],
    [{ status_code_class: 500 }, ({ statusCode }) => statusCode === 500 || statusCode === 503],
    [{ status_code_class: 500, status: 'success' }, () => false],
    [{ status_code_class: 200, status: 'fail' }, ({ statusCode }) => statusCode === 200],
    [{ event_types: ['rare'] }, ({ eventType }) => eventType === 'rare'],
    [
      { event_types: ['rare', 'type.1', 'rare', 'none'] },
      ({ eventType }) => eventType === 'rare' || eventType === 'type.1',
    ],
    [
      { event_types: ['type.0'], status: 'fail' },
      (one) => failed(one) && one.eventType === 'type.0',
    ],
    [{ channel: 'a' }, ({ channels }) => channels?.includes('a') === true],
    [{ channel: 'n"41' }, ({ channels }) => channels?.includes('n"41') === true],
    [{ channel: 't' }, () => false],
    [{ tag: 't' }, ({ tags }) => tags?.includes('t') === true],
    [{ tag: 'only' }, ({ tags }) => tags?.includes('only') === true],
    [{ tag: 'only', channel: 'a' }, ({ tags }) => tags?.includes('only') === true],
    [
      { channel: 'a', status: 'fail', event_types: ['type.1'] },
      (one) => failed(one) && one.channels !== null && one.eventType === 'type.1',
    ],
    [{ before: middle }, ({ id }) => uuidTimeMs(id) < middle],
    [
      { after: middle, tag: 't' },
      ({ id, tags }) => uuidTimeMs(id) > middle && tags !== null && tags.includes('t'),
    ],
    [
      { after: middle, before: middle + 4_000_000 },
      ({ id }) => uuidTimeMs(id) > middle && uuidTimeMs(id) < middle + 4_000_000,
    ],
  ]
  for (const [filter, wanted] of cases)
    expect(await found(filter), JSON.stringify(filter)).toEqual(expected(wanted))
})

test('pages by iterator, forwards and back, hold each attempt once, whatever the filter', async () => {
  for (const filter of [
    {},
    { status: 'fail' as const },
    { event_types: ['type.1', 'type.2'] },
    { channel: 'a' },
  ]) {
    const all = await found(filter)
    const walked: string[] = []
    let iterator: string | undefined
    for (;;) {
      const cursor = readIdCursor(
        { limit: 7, ...(iterator && { iterator }) },
        'descending',
        'attempt',
      )
      const page = (await found(filter, cursor)).slice(0, 7)
      walked.push(...page)
      if (page.length < 7) break
      iterator = showId('attempt', page.at(-1)!)
    }
    expect(walked).toEqual(all)
    const back = readIdCursor(
      { limit: 5, iterator: `-${showId('attempt', all[20]!)}` },
      'descending',
      'attempt',
    )
    expect((await found(filter, back)).slice(0, 5)).toEqual(all.slice(15, 20).toReversed())
  }
})

test('the attempts of one message are found by it', async () => {
  const rows = await attemptsByMessage(
    database.pool,
    { appId, id: made[100]!.messageId },
    { endpointId: undefined },
    { at: null, after: undefined, back: false, order: 'descending', limit: 50 },
    false,
  )
  expect(rows).toHaveLength(2)
  expect(rows[1]!.id).toBe(made[100]!.id)
})
