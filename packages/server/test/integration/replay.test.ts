import { describe, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import { until } from '../support/receiver.ts'
import { replayTests } from '../support/replay.ts'

const at = replayTests()
const { since, endpoint, accept, bodies, replay, taskOf, finished, closed, missed } = at

describe('a replay', () => {
  test('sends what was given up or not sent, and leaves alone what was delivered', async () => {
    at.receiver.answer = ({ body }) => ({ status: body === '"bad"' ? 500 : 200 })
    const off = await endpoint({ disabled: true })
    await endpoint({ retryScheduleMs: [] })
    await accept('a', 'good')
    await accept('a', 'bad')
    await closed(4)
    at.receiver.answer = () => ({})
    at.receiver.received.length = 0
    await at.api.node.registry.endpoints.enable(at.scope, showId('endpoint', off.id))
    const started = await replay({})
    expect(started).toMatchObject({ status: 'running', task: 'replay' })
    expect(await finished(started.id)).toMatchObject({
      status: 'finished',
      data: { phase: 'finished', matched: 3, total: 3, done: 3, skipped: 0 },
    })
    await at.receiver.waitFor(3)
    expect(bodies().map(String).toSorted()).toEqual(['bad', 'bad', 'good'])
    await closed(7)
    expect((await finished((await replay({})).id)).data).toMatchObject({ total: 0, done: 0 })
  })

  test('that is a dry run counts the same and sends nothing', async () => {
    await missed(7)
    const task = await finished((await replay({ dryRun: true })).id)
    expect(task.data).toMatchObject({ dryRun: true, matched: 7, total: 7, done: 0 })
    expect((await at.api.database.pool.query('select 1 from work')).rowCount).toBe(0)
    expect((await finished((await replay({})).id)).data).toMatchObject({ total: 7, done: 7 })
    await at.receiver.waitFor(7)
  })

  test('takes only what fits its filter', async () => {
    const first = await missed(0, { uid: 'first' })
    const second = await missed(0, { uid: 'second' })
    for (const id of [first, second])
      await at.api.node.registry.endpoints.disable(at.scope, id, {
        reason: 'test',
        failingSinceMs: null,
      })
    for (const n of [1, 2, 3]) {
      await accept('order.paid', { n })
      await accept('order.item.added', { n })
      await accept('orders', { n })
    }
    const { rows } = await at.api.database.pool.query<{ ms: number }>(
      `select (extract(epoch from created_at) * 1000)::float8 as ms from message where app_id = $1 order by id`,
      [at.scope.appId],
    )
    for (const id of [first, second])
      await at.api.node.registry.endpoints.enable(at.scope, showId('endpoint', id))
    const count = async (filter: object) =>
      (await finished((await replay({ dryRun: true, ...filter })).id)).data.total
    const third = rows[2]!.ms
    const from = rows.filter(({ ms }) => ms >= third).length
    const counts: [object, number][] = [
      [{}, 18],
      [{ endpointId: 'first' }, 9],
      [{ appId: null, endpointId: showId('endpoint', second) }, 9],
      [{ eventTypes: ['order.*'] }, 12],
      [{ eventTypes: ['order.*', 'orders'] }, 18],
      [{ eventTypes: ['order'] }, 0],
      [{ eventTypes: ['*'] }, 18],
      [{ payloadFilter: 'payload.n >= 2 && eventType == "orders"' }, 4],
      [{ payloadFilter: 'payload.missing == 1' }, 0],
      [{ status: 'discarded' }, 18],
      [{ status: 'exhausted' }, 0],
      [{ status: 'delivered' }, 0],
      [{ since: new Date(third).toISOString() }, from * 2],
      [{ until: new Date(third).toISOString() }, (9 - from) * 2],
    ]
    const counted = await Promise.all(counts.map(([filter]) => count(filter)))
    expect(counted).toEqual(counts.map(([, expected]) => expected))
    const one = await replay({
      endpointId: 'second',
      eventTypes: ['order.*'],
      payloadFilter: 'payload.n == 3',
    })
    expect((await finished(one.id)).data.done).toBe(2)
    await at.receiver.waitFor(2)
    expect(bodies()).toEqual([{ n: 3 }, { n: 3 }])
    await closed(20)
    expect(await count({ status: 'delivered' })).toBe(2)
    expect(await count({ status: 'any' })).toBe(18)
    expect(await count({})).toBe(16)
  })

  test('of what was delivered sends it once more', async () => {
    await endpoint()
    await accept('a', 1)
    await closed(1)
    expect((await finished((await replay({ status: 'delivered' })).id)).data.done).toBe(1)
    await closed(2)
    const { rows } = await at.api.database.pool.query<{ trigger: number }>(
      'select trigger from attempt where app_id = $1 order by id',
      [at.scope.appId],
    )
    expect(rows.map(({ trigger }) => trigger)).toEqual([0, 1])
  })

  test('passes over what is open, and payloads that were deleted', async () => {
    const id = await missed(3)
    await at.api.node.registry.endpoints.pause(at.scope, showId('endpoint', id))
    await at.api.database.pool.query(
      `update message set payload = null where app_id = $1 and payload = '0'`,
      [at.scope.appId],
    )
    const all = await finished((await replay({})).id)
    expect(all.data).toMatchObject({ total: 2, done: 2 })
    expect((await finished((await replay({ status: 'any' })).id)).data.total).toBe(0)
  })

  test('keeps to its rate, and enters behind live work', async () => {
    const id = await missed(100)
    await at.api.node.registry.endpoints.pause(at.scope, showId('endpoint', id))
    await finished((await replay({ ratePerSecond: 25 })).id)
    const [{ seconds } = { seconds: 0 }] = (
      await at.api.database.pool.query<{ seconds: number }>(
        `select extract(epoch from max(created_at) - min(created_at))::float8 as seconds
           from work
          where endpoint_id = $1`,
        [id],
      )
    ).rows
    // Four seconds' worth, of which one may come at once.
    expect(seconds).toBeGreaterThan(2)
    const { rows } = await at.api.database.pool.query<{ priority: number; count: number }>(
      'select priority, count(*) as count from work where endpoint_id = $1 group by 1',
      [id],
    )
    expect(rows).toEqual([{ priority: 2, count: 100 }])
    await at.api.node.registry.endpoints.resume(at.scope, showId('endpoint', id))
    await accept('a', 'live')
    await at.receiver.waitFor(101)
    const second = await missed(1)
    await at.api.node.registry.endpoints.pause(at.scope, showId('endpoint', second))
    await finished((await replay({ priority: 'high' })).id)
    expect(
      (
        await at.api.database.pool.query('select priority from work where endpoint_id = $1', [
          second,
        ])
      ).rows,
    ).toEqual([{ priority: 0 }])
  })

  test('keeps the order of an endpoint that asks for it', async () => {
    const id = await missed(0, { ordering: 'key' })
    await at.api.node.registry.endpoints.disable(at.scope, id, {
      reason: 'test',
      failingSinceMs: null,
    })
    for (let n = 0; n < 30; n++)
      await at.api.node.engine.ingest.accept({
        ...at.scope,
        eventType: 'a',
        payload: String(n),
        orderingKey: 'k',
      })
    await at.api.node.registry.endpoints.enable(at.scope, showId('endpoint', id))
    let inFlight = 0
    let most = 0
    at.receiver.answer = () => {
      inFlight += 1
      most = Math.max(most, inFlight)
      setTimeout(() => (inFlight -= 1), 10)
      return { delayMs: 10 }
    }
    await replay({})
    await at.receiver.waitFor(30)
    expect(most).toBe(1)
    expect(bodies()).toEqual(Array.from({ length: 30 }, (_, n) => n))
  })

  test('can be canceled; what it has opened stays open', async () => {
    const id = await missed(200)
    await at.api.node.registry.endpoints.pause(at.scope, showId('endpoint', id))
    const started = await replay({ ratePerSecond: 20 })
    await until(async () => (await taskOf(started.id)).data.done > 0)
    const canceled = await at.api.call('POST', `/api/v1/background-task/${started.id}/cancel`)
    expect(canceled).toMatchObject({
      status: 200,
      body: { status: 'failed', data: { phase: 'canceled', error: 'canceled' } },
    })
    const { done } = canceled.body.data
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(200)
    const again = await at.api.call('POST', `/api/v1/background-task/${started.id}/cancel`)
    expect(again.status).toBe(200)
    await until(async () => {
      // Another job goes through meanwhile: whatever the canceled one still had under way is over.
      const other = await replay({ dryRun: true })
      return await finished(other.id)
    })
    expect((await taskOf(started.id)).data.done).toBe(done)
    const open = await at.api.database.pool.query('select 1 from work where endpoint_id = $1', [id])
    expect(open.rowCount).toBe(done)
    const over = await replay({ dryRun: true })
    await finished(over.id)
    expect(await at.api.call('POST', `/api/v1/background-task/${over.id}/cancel`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('finished') },
    })
  })

  test('is refused with what is wrong with it', async () => {
    const wrong = async (body: object) =>
      (await at.api.call('POST', '/api/v1/replay', { body: { since, ...body } })) as {
        status: number
        body: { detail: unknown }
      }
    expect(await wrong({ appId: 'nobody' })).toMatchObject({ status: 404 })
    expect(await wrong({ appId: at.appId, endpointId: 'nobody' })).toMatchObject({ status: 404 })
    for (const [body, named] of [
      [{ endpointId: 'a-uid' }, 'endpointId'],
      [{ payloadFilter: 'payload. ==' }, 'payloadFilter'],
      [{ until: '2000-01-01T00:00:00Z' }, 'until'],
      [{ eventTypes: ['a b'] }, 'eventTypes'],
      [{ eventTypes: ['a*'] }, 'eventTypes'],
      [{ ratePerSecond: 0 }, 'ratePerSecond'],
      [{ since: undefined }, 'since'],
      [{ status: 'pending' }, 'status'],
    ] as const) {
      const answer = await wrong(body)
      expect(answer.status).toBe(422)
      expect(JSON.stringify(answer.body.detail)).toContain(named)
    }
  })

  test("by a token of one app reaches that app's deliveries only, and its own tasks", async () => {
    await missed(2)
    const mine = at.scope
    const { token } = await at.api.svix.authentication.appPortalAccess(at.appId)
    at.scope = {
      ...at.scope,
      appId: (await at.api.node.registry.apps.create(at.api.tenantId, { name: 'other' })).id,
    }
    const other = await missed(3)
    const started = await at.api.call('POST', '/api/v1/replay', {
      key: token,
      body: { since, dryRun: true },
    })
    expect(started).toMatchObject({ status: 202, body: { data: { appId: at.appId } } })
    expect((await finished(started.body.id)).data.total).toBe(2)
    const one = await at.api.call('GET', `/api/v1/background-task/${started.body.id}`, {
      key: token,
    })
    expect(one.status).toBe(200)
    for (const body of [
      { appId: showId('app', at.scope.appId) },
      { endpointId: showId('endpoint', other) },
    ])
      expect(
        await at.api.call('POST', '/api/v1/replay', { key: token, body: { since, ...body } }),
      ).toMatchObject({ status: 404 })
    const whole = await replay({ appId: null, dryRun: true })
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
    ] as const)
      expect(
        await at.api.call(method, `/api/v1/background-task/${whole.id}${path}`, { key: token }),
      ).toMatchObject({ status: 404 })
    at.scope = mine
  })

  test('goes through more endpoints and messages than one page holds', async () => {
    const url = at.receiver.url
    const ids: string[] = []
    for (let n = 0; n < 205; n++)
      ids.push((await endpoint({ url, disabled: true, eventTypes: [n < 3 ? 'a' : 'z'] })).id)
    await at.api.node.engine.ingest.acceptMany(
      Array.from({ length: 900 }, (_, n) => ({ ...at.scope, eventType: 'a', payload: String(n) })),
    )
    for (const id of [...ids.slice(0, 3), ids.at(-1)!])
      await at.api.node.registry.endpoints.enable(at.scope, showId('endpoint', id))
    await at.api.database.pool.query(
      `update delivery set endpoint_id = $2 where endpoint_id = $1 and app_id = $3`,
      [ids[2], ids.at(-1), at.scope.appId],
    )
    const task = await finished((await replay({ ratePerSecond: 100_000 })).id)
    expect(task.data).toMatchObject({ total: 2_700, done: 2_700, skipped: 0 })
    await at.receiver.waitFor(2_700)
    const seen = new Set(
      at.receiver.received.map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`),
    )
    expect(seen.size).toBe(900)
    expect(at.receiver.received).toHaveLength(2_700)
  })
})

test('recover is the same: what an endpoint did not get, with its progress', async () => {
  const id = await missed(5)
  const started = await at.api.svix.endpoint.recover(at.appId, showId('endpoint', id), {
    since: new Date(since),
  })
  expect(started).toMatchObject({ status: 'running', task: 'endpoint.recover' })
  expect(await finished(started.id)).toMatchObject({
    status: 'finished',
    data: { total: 5, done: 5, endpointId: showId('endpoint', id) },
  })
  await at.receiver.waitFor(5)
})
