// The job of a replay: held by one node, followed by another, and failed where it can never go on.
import { expect, test } from 'vitest'
import { readId, showId, uuidFloor, uuidv7 } from '../../src/core/id.ts'
import { lookAtClosed } from '../../src/queue/reopen/closed/store.ts'
import { reopen } from '../../src/queue/reopen/store.ts'
import { holdJob, savePage, takeJob } from '../../src/upkeep/jobs/store.ts'
import { inTransaction } from '../../src/db/pool.ts'
import { createTestDatabase } from '../support/database.ts'
import { openLine } from '../support/database-line.ts'
import { startNode } from '../support/node.ts'
import { until } from '../support/receiver.ts'
import { replayTests } from '../support/replay.ts'

const at = replayTests()
const { since, replay, taskOf, finished, missed } = at

test('a page of a node that was taken for gone opens nothing, and another node does that page', async () => {
  const id = await missed(10)
  await at.api.node.registry.endpoints.pause(at.scope, showId('endpoint', id))
  const { pool } = at.api.database
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
    [jobId, at.scope.tenantId, at.scope.appId, id, JSON.stringify(args)],
  )
  await pool.query('update job set due_at = now(), lease_owner = $2 where id = $1', [jobId, gone])
  expect(await takeJob(pool, gone)).toMatchObject({ id: jobId })
  // While it lives nobody else takes the job.
  expect(await takeJob(pool, uuidv7(Date.now()))).toBeUndefined()
  const page = await lookAtClosed(
    pool,
    { ...at.scope, endpointId: id, ...args, states: ['discarded'] },
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
  const { pool } = at.api.database
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
  const query = at.api.node.pool.query.bind(at.api.node.pool)
  const counting = (...args: unknown[]) => {
    if (String(args[0]).includes('from job')) asked += 1
    return (query as (...all: unknown[]) => unknown)(...args)
  }
  Object.assign(at.api.node.pool, { query: counting })
  const from = performance.now()
  await until(() => asked >= 6)
  // A look and a try, every half second.
  expect(performance.now() - from).toBeGreaterThan(900)
  Object.assign(at.api.node.pool, { query })
  await holder.query('rollback')
  holder.release()
  await finished(begun.id)
})

test('a job that can never go on has failed, and says why; the tenant is told of both ends', async () => {
  const told = async () =>
    (
      await at.api.database.pool.query<{ data: { status: string; task: string } }>(
        `select data from told where type = 'background_task.finished' order by id`,
      )
    ).rows.map(({ data }) => data.status)
  // What is noted is taken on within half a second.
  await at.api.database.pool.query(
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
  await at.api.database.pool.query(
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
  await at.api.node.registry.endpoints.pause(at.scope, showId('endpoint', id))
  const { pool } = at.api.database
  const { found } = await lookAtClosed(
    pool,
    {
      ...at.scope,
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
    [at.scope.tenantId, at.scope.appId, id, sent!.messageId],
  )
  expect(await reopen(pool, [opened!], 1)).toEqual([id])
  await pool.query('update message set payload = null where app_id = $1 and id = $2', [
    at.scope.appId,
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
  const made = await registry.endpoints.create(own, { url: at.receiver.url, disabled: true })
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
