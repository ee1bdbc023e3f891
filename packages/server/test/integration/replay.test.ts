import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readId, showId, uuidFloor, uuidv7 } from '../../src/core/id.ts'
import type { EndpointSettings } from '../../src/registry/endpoints/settings.ts'
import { lookAtClosed } from '../../src/queue/reopen/closed/store.ts'
import { reopen } from '../../src/queue/reopen/store.ts'
import { holdJob, savePage, takeJob } from '../../src/upkeep/jobs/store.ts'
import { inTransaction } from '../../src/db/pool.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { createTestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { startNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
let appId: string
let scope: { tenantId: string; appId: string }
const since = new Date(Date.now() - 3_600_000).toISOString()

beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  const app = await api.node.registry.apps.create(api.tenantId, { name: 'app' })
  appId = showId('app', app.id)
  scope = { tenantId: api.tenantId, appId: app.id }
})
afterEach(() => receiver.close())

const endpoint = (settings: Partial<EndpointSettings> = {}) =>
  api.node.registry.endpoints.create(scope, { url: receiver.url, ...settings })
const accept = (eventType: string, payload: unknown) =>
  api.node.engine.ingest.accept({ ...scope, eventType, payload: JSON.stringify(payload) })
const bodies = () => receiver.received.map(({ body }) => JSON.parse(body) as unknown)

async function replay(body: object) {
  const started = await api.call('POST', '/api/v1/replay', { body: { appId, since, ...body } })
  expect(started.status).toBe(202)
  return started.body as { id: string; status: string; task: string }
}
async function taskOf(id: string) {
  return (await api.call('GET', `/api/v1/background-task/${id}`)).body
}
async function finished(id: string) {
  return await until(async () => {
    const task = await taskOf(id)
    return task.status === 'running' ? undefined : task
  })
}
const closed = async (count: number) =>
  await until(
    async () =>
      (
        await api.database.pool.query(
          'select 1 from history where app_id = $1 and state is not null',
          [scope.appId],
        )
      ).rowCount! >= count,
  )

/** Messages that were not sent, since the endpoint was disabled; it is enabled when this returns. */
async function missed(count: number, settings: Partial<EndpointSettings> = {}) {
  const { id } = await endpoint({ disabled: true, ...settings })
  await api.node.engine.ingest.acceptMany(
    Array.from({ length: count }, (_, n) => ({
      ...scope,
      eventType: 'a',
      payload: String(n),
    })),
  )
  await api.node.registry.endpoints.enable(scope, showId('endpoint', id))
  return id
}

describe('a replay', () => {
  test('sends what was given up or not sent, and leaves alone what was delivered', async () => {
    receiver.answer = ({ body }) => ({ status: body === '"bad"' ? 500 : 200 })
    const off = await endpoint({ disabled: true })
    await endpoint({ retryScheduleMs: [] })
    await accept('a', 'good')
    await accept('a', 'bad')
    await closed(4)
    receiver.answer = () => ({})
    receiver.received.length = 0
    await api.node.registry.endpoints.enable(scope, showId('endpoint', off.id))
    const started = await replay({})
    expect(started).toMatchObject({ status: 'running', task: 'replay' })
    expect(await finished(started.id)).toMatchObject({
      status: 'finished',
      data: { phase: 'finished', matched: 3, total: 3, done: 3, skipped: 0 },
    })
    await receiver.waitFor(3)
    expect(bodies().map(String).toSorted()).toEqual(['bad', 'bad', 'good'])
    await closed(7)
    expect((await finished((await replay({})).id)).data).toMatchObject({ total: 0, done: 0 })
  })

  test('that is a dry run counts the same and sends nothing', async () => {
    await missed(7)
    const task = await finished((await replay({ dryRun: true })).id)
    expect(task.data).toMatchObject({ dryRun: true, matched: 7, total: 7, done: 0 })
    expect((await api.database.pool.query('select 1 from work')).rowCount).toBe(0)
    expect((await finished((await replay({})).id)).data).toMatchObject({ total: 7, done: 7 })
    await receiver.waitFor(7)
  })

  test('takes only what fits its filter', async () => {
    const first = await missed(0, { uid: 'first' })
    const second = await missed(0, { uid: 'second' })
    for (const id of [first, second])
      await api.node.registry.endpoints.disable(scope, id, { reason: 'test', failingSinceMs: null })
    for (const n of [1, 2, 3]) {
      await accept('order.paid', { n })
      await accept('order.item.added', { n })
      await accept('orders', { n })
    }
    const { rows } = await api.database.pool.query<{ ms: number }>(
      `select (extract(epoch from created_at) * 1000)::float8 as ms from message where app_id = $1 order by id`,
      [scope.appId],
    )
    for (const id of [first, second])
      await api.node.registry.endpoints.enable(scope, showId('endpoint', id))
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
    await receiver.waitFor(2)
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
    const { rows } = await api.database.pool.query<{ trigger: number }>(
      'select trigger from attempt where app_id = $1 order by id',
      [scope.appId],
    )
    expect(rows.map(({ trigger }) => trigger)).toEqual([0, 1])
  })

  test('passes over what is open, and payloads that were deleted', async () => {
    const id = await missed(3)
    await api.node.registry.endpoints.pause(scope, showId('endpoint', id))
    await api.database.pool.query(
      `update message set payload = null where app_id = $1 and payload = '0'`,
      [scope.appId],
    )
    const all = await finished((await replay({})).id)
    expect(all.data).toMatchObject({ total: 2, done: 2 })
    expect((await finished((await replay({ status: 'any' })).id)).data.total).toBe(0)
  })

  test('keeps to its rate, and enters behind live work', async () => {
    const id = await missed(100)
    await api.node.registry.endpoints.pause(scope, showId('endpoint', id))
    await finished((await replay({ ratePerSecond: 25 })).id)
    const [{ seconds } = { seconds: 0 }] = (
      await api.database.pool.query<{ seconds: number }>(
        `select extract(epoch from max(created_at) - min(created_at))::float8 as seconds
           from work
          where endpoint_id = $1`,
        [id],
      )
    ).rows
    // Four seconds' worth, of which one may come at once.
    expect(seconds).toBeGreaterThan(2)
    const { rows } = await api.database.pool.query<{ priority: number; count: number }>(
      'select priority, count(*) as count from work where endpoint_id = $1 group by 1',
      [id],
    )
    expect(rows).toEqual([{ priority: 2, count: 100 }])
    await api.node.registry.endpoints.resume(scope, showId('endpoint', id))
    await accept('a', 'live')
    await receiver.waitFor(101)
    const second = await missed(1)
    await api.node.registry.endpoints.pause(scope, showId('endpoint', second))
    await finished((await replay({ priority: 'high' })).id)
    expect(
      (await api.database.pool.query('select priority from work where endpoint_id = $1', [second]))
        .rows,
    ).toEqual([{ priority: 0 }])
  })

  test('keeps the order of an endpoint that asks for it', async () => {
    const id = await missed(0, { ordering: 'key' })
    await api.node.registry.endpoints.disable(scope, id, { reason: 'test', failingSinceMs: null })
    for (let n = 0; n < 30; n++)
      await api.node.engine.ingest.accept({
        ...scope,
        eventType: 'a',
        payload: String(n),
        orderingKey: 'k',
      })
    await api.node.registry.endpoints.enable(scope, showId('endpoint', id))
    let inFlight = 0
    let most = 0
    receiver.answer = () => {
      inFlight += 1
      most = Math.max(most, inFlight)
      setTimeout(() => (inFlight -= 1), 10)
      return { delayMs: 10 }
    }
    await replay({})
    await receiver.waitFor(30)
    expect(most).toBe(1)
    expect(bodies()).toEqual(Array.from({ length: 30 }, (_, n) => n))
  })

  test('can be canceled; what it has opened stays open', async () => {
    const id = await missed(200)
    await api.node.registry.endpoints.pause(scope, showId('endpoint', id))
    const started = await replay({ ratePerSecond: 20 })
    await until(async () => (await taskOf(started.id)).data.done > 0)
    const canceled = await api.call('POST', `/api/v1/background-task/${started.id}/cancel`)
    expect(canceled).toMatchObject({
      status: 200,
      body: { status: 'failed', data: { phase: 'canceled', error: 'canceled' } },
    })
    const { done } = canceled.body.data
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(200)
    const again = await api.call('POST', `/api/v1/background-task/${started.id}/cancel`)
    expect(again.status).toBe(200)
    await until(async () => {
      // Another job goes through meanwhile: whatever the canceled one still had under way is over.
      const other = await replay({ dryRun: true })
      return await finished(other.id)
    })
    expect((await taskOf(started.id)).data.done).toBe(done)
    const open = await api.database.pool.query('select 1 from work where endpoint_id = $1', [id])
    expect(open.rowCount).toBe(done)
    const over = await replay({ dryRun: true })
    await finished(over.id)
    expect(await api.call('POST', `/api/v1/background-task/${over.id}/cancel`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('finished') },
    })
  })

  test('is refused with what is wrong with it', async () => {
    const wrong = async (body: object) =>
      (await api.call('POST', '/api/v1/replay', { body: { since, ...body } })) as {
        status: number
        body: { detail: unknown }
      }
    expect(await wrong({ appId: 'nobody' })).toMatchObject({ status: 404 })
    expect(await wrong({ appId, endpointId: 'nobody' })).toMatchObject({ status: 404 })
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
    const mine = scope
    const { token } = await api.svix.authentication.appPortalAccess(appId)
    scope = {
      ...scope,
      appId: (await api.node.registry.apps.create(api.tenantId, { name: 'other' })).id,
    }
    const other = await missed(3)
    const started = await api.call('POST', '/api/v1/replay', {
      key: token,
      body: { since, dryRun: true },
    })
    expect(started).toMatchObject({ status: 202, body: { data: { appId } } })
    expect((await finished(started.body.id)).data.total).toBe(2)
    const one = await api.call('GET', `/api/v1/background-task/${started.body.id}`, { key: token })
    expect(one.status).toBe(200)
    for (const body of [
      { appId: showId('app', scope.appId) },
      { endpointId: showId('endpoint', other) },
    ])
      expect(
        await api.call('POST', '/api/v1/replay', { key: token, body: { since, ...body } }),
      ).toMatchObject({ status: 404 })
    const whole = await replay({ appId: null, dryRun: true })
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
    ] as const)
      expect(
        await api.call(method, `/api/v1/background-task/${whole.id}${path}`, { key: token }),
      ).toMatchObject({ status: 404 })
    scope = mine
  })

  test('goes through more endpoints and messages than one page holds', async () => {
    const url = receiver.url
    const ids: string[] = []
    for (let n = 0; n < 205; n++)
      ids.push((await endpoint({ url, disabled: true, eventTypes: [n < 3 ? 'a' : 'z'] })).id)
    await api.node.engine.ingest.acceptMany(
      Array.from({ length: 900 }, (_, n) => ({ ...scope, eventType: 'a', payload: String(n) })),
    )
    for (const id of [...ids.slice(0, 3), ids.at(-1)!])
      await api.node.registry.endpoints.enable(scope, showId('endpoint', id))
    await api.database.pool.query(
      `update delivery set endpoint_id = $2 where endpoint_id = $1 and app_id = $3`,
      [ids[2], ids.at(-1), scope.appId],
    )
    const task = await finished((await replay({ ratePerSecond: 100_000 })).id)
    expect(task.data).toMatchObject({ total: 2_700, done: 2_700, skipped: 0 })
    await receiver.waitFor(2_700)
    const seen = new Set(
      receiver.received.map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`),
    )
    expect(seen.size).toBe(900)
    expect(receiver.received).toHaveLength(2_700)
  })
})

test('recover is the same: what an endpoint did not get, with its progress', async () => {
  const id = await missed(5)
  const started = await api.svix.endpoint.recover(appId, showId('endpoint', id), {
    since: new Date(since),
  })
  expect(started).toMatchObject({ status: 'running', task: 'endpoint.recover' })
  expect(await finished(started.id)).toMatchObject({
    status: 'finished',
    data: { total: 5, done: 5, endpointId: showId('endpoint', id) },
  })
  await receiver.waitFor(5)
})

test('a page of a node that was taken for gone opens nothing, and another node does that page', async () => {
  const id = await missed(10)
  await api.node.registry.endpoints.pause(scope, showId('endpoint', id))
  const { pool } = api.database
  const jobId = uuidv7(Date.now())
  const gone = uuidv7(Date.now())
  const args = {
    states: ['discarded'],
    eventTypes: null,
    sinceMs: Date.parse(since),
    untilMs: Date.now() + 1_000,
    payloadFilter: null,
    ratePerSecond: 1_000,
    priority: 2,
    dryRun: false,
  }
  // In the hand of a node that lives, so that the server's own engine keeps off.
  await pool.query(
    `insert into node (id, name, version, schema_version, expires_at)
     values ($1, 'gone', '0', 1, now() + interval '1 hour')`,
    [gone],
  )
  await pool.query(
    `insert into job (id, tenant_id, app_id, endpoint_id, task, args, due_at)
     values ($1, $2, $3, $4, 'replay', $5, now() + interval '1 hour')`,
    [jobId, scope.tenantId, scope.appId, id, JSON.stringify(args)],
  )
  await pool.query('update job set due_at = now(), lease_owner = $2 where id = $1', [jobId, gone])
  expect(await takeJob(pool, gone)).toMatchObject({ id: jobId })
  // While it lives nobody else takes the job.
  expect(await takeJob(pool, uuidv7(Date.now()))).toBeUndefined()
  const page = await lookAtClosed(
    pool,
    { ...scope, endpointId: id, ...args, states: ['discarded'] },
    undefined,
    500,
  )
  expect(page.found).toHaveLength(10)
  // Its lease runs out while it works at the page.
  await pool.query('delete from node where id = $1', [gone])
  const task = await finished(showId('job', jobId))
  expect(task.data).toMatchObject({ total: 10, done: 10 })
  const late = await inTransaction(pool, async (client) => {
    if (!(await holdJob(client, gone, jobId))) return 'refused'
    await reopen(client, page.found, 2)
    await savePage(client, jobId, {
      cursor: { phase: 'opening' },
      matched: 0,
      opened: 10,
      skipped: 0,
      counted: false,
      status: 'finished',
      pauseMs: 0,
    })
    return 'done'
  })
  expect(late).toBe('refused')
  expect((await taskOf(showId('job', jobId))).data.done).toBe(10)
})

test('a job that somebody has locked holds up no other, and is not asked for again and again', async () => {
  await missed(1)
  const { pool } = api.database
  const begun = await replay({ dryRun: true })
  const first = readId('job', begun.id as string)
  await finished(begun.id)
  const holder = await pool.connect()
  await holder.query('begin; set local idle_in_transaction_session_timeout = 0')
  await pool.query(
    `update job set status = 'running', due_at = now() + interval '1 second' where id = $1`,
    [first],
  )
  await holder.query('select from job where id = $1 for update', [first])
  await new Promise((due) => setTimeout(due, 1_000))
  const second = await replay({ dryRun: true })
  await finished(second.id)
  let asked = 0
  const query = api.node.pool.query.bind(api.node.pool)
  const counting = (...args: unknown[]) => {
    if (String(args[0]).includes('from job')) asked += 1
    return (query as (...all: unknown[]) => unknown)(...args)
  }
  Object.assign(api.node.pool, { query: counting })
  const from = performance.now()
  await until(() => asked >= 6)
  // A look and a try, every half second.
  expect(performance.now() - from).toBeGreaterThan(900)
  Object.assign(api.node.pool, { query })
  await holder.query('rollback')
  holder.release()
  await finished(begun.id)
})

test('a job that can never go on has failed, and says why; the tenant is told of both ends', async () => {
  const told = async () =>
    (
      await api.database.pool.query<{ data: { status: string; task: string } }>(
        `select data from told where type = 'background_task.finished' order by id`,
      )
    ).rows.map(({ data }) => data.status)
  // What is noted is taken on within half a second.
  await api.database.pool.query(
    `create table told (like signal);
     create function keep_told() returns trigger language plpgsql as $$
     begin
       insert into told values (new.*);
       return new;
     end $$;
     create trigger told after insert on signal for each row execute function keep_told()`,
  )
  await missed(1)
  const started = await replay({ payloadFilter: 'payload >= 0', ratePerSecond: 1 })
  await finished(started.id)
  const broken = await replay({ payloadFilter: 'payload >= 0', dryRun: true })
  // Whoever still works at it would have the last word.
  await finished(broken.id)
  await api.database.pool.query(
    `update job
        set args = args || '{"payloadFilter": "payload. =="}', status = 'running', due_at = now()
      where id = $1`,
    [readId('job', broken.id as string)],
  )
  expect(await finished(broken.id)).toMatchObject({
    status: 'failed',
    data: { phase: 'failed', error: expect.stringContaining('the payload filter cannot be used') },
  })
  expect(await told()).toEqual(expect.arrayContaining(['finished', 'failed']))
})

test('what was sent, opened or deleted between the look and the page is passed over', async () => {
  const id = await missed(4)
  await api.node.registry.endpoints.pause(scope, showId('endpoint', id))
  const { pool } = api.database
  const { found } = await lookAtClosed(
    pool,
    {
      ...scope,
      endpointId: id,
      states: ['discarded'],
      eventTypes: null,
      sinceMs: 0,
      untilMs: Date.now() + 1_000,
    },
    undefined,
    500,
  )
  const [sent, opened, deleted, left] = found
  await pool.query(
    `insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, attempts, event_type)
     values (uuid_v7(), $1, $2, $3, $4, 'delivered', 1, 'a')`,
    [scope.tenantId, scope.appId, id, sent!.messageId],
  )
  expect(await reopen(pool, [opened!], 1)).toEqual([id])
  await pool.query('update message set payload = null where app_id = $1 and id = $2', [
    scope.appId,
    deleted!.messageId,
  ])
  expect(await reopen(pool, found, 2)).toEqual([id])
  const { rows } = await pool.query(
    'select message_id, priority from work where endpoint_id = $1 order by message_id',
    [id],
  )
  expect(rows).toEqual([
    { message_id: opened!.messageId, priority: 1 },
    { message_id: left!.messageId, priority: 2 },
  ])
})

test('a node cut off in the middle of a replay is followed by another, and each delivery is opened once', async () => {
  const database = await createTestDatabase()
  const line = await openLine(database.url)
  const first = await startNode(line.url, { leaseMs: 4_000 })
  const { registry } = first
  const tenantId = (await registry.tenants.create({ name: 'tenant' })).id
  const own = { tenantId, appId: (await registry.apps.create(tenantId, { name: 'app' })).id }
  const made = await registry.endpoints.create(own, { url: receiver.url, disabled: true })
  const count = 1_500
  await first.engine.ingest.acceptMany(
    Array.from({ length: count }, (_, n) => ({ ...own, eventType: 'a', payload: String(n) })),
  )
  await registry.endpoints.enable(own, showId('endpoint', made.id))
  const args = {
    states: ['exhausted', 'discarded'],
    eventTypes: null,
    sinceMs: Date.now() - 60_000,
    untilMs: Date.now() + 1_000,
    payloadFilter: 'payload >= 0',
    ratePerSecond: 600,
    priority: 2,
    dryRun: false,
  }
  await database.pool.query(
    `insert into job (id, tenant_id, task, args) values ($1, $2, 'replay', $3)`,
    [uuidv7(Date.now()), tenantId, JSON.stringify(args)],
  )
  const job = async () =>
    (
      await database.pool.query<{ status: string; done: number; total: number; skipped: number }>(
        'select status, done, total, skipped from job',
      )
    ).rows[0]!
  await until(async () => (await job()).done >= 300)
  await line.cut()
  const second = await startNode(database.url, { leaseMs: 4_000 })
  try {
    await until(async () => (await job()).status === 'finished')
    expect(await job()).toMatchObject({ total: count, done: count, skipped: 0 })
    // The first comes back, and must not go on where it stood.
    await line.mend()
    const delivered = async () =>
      (
        await database.pool.query<{ messages: number; deliveries: number }>(
          `select count(distinct message_id) as messages, count(*) as deliveries
             from history
            where state = 'delivered' and id > $1`,
          [uuidFloor(0)],
        )
      ).rows[0]!
    await until(async () => (await delivered()).messages === count)
    expect(await delivered()).toEqual({ messages: count, deliveries: count })
  } finally {
    await second.stop()
    await first.stop()
    await database.drop()
  }
})
