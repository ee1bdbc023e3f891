// What is counted of each session, and the alarm when one falls silent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readId } from '../../src/core/id.ts'
import { watchSilence } from '../../src/sources/intake/silence/store.ts'
import { intakeChores } from '../../src/sources/intake/upkeep.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type GatewaySession, openSession, postJson, textMessage } from '../support/gateway.ts'
import { startNode } from '../support/node.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let other: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi({ cuttable: true })
  other = await api.second()
})
afterAll(async () => {
  await other?.stop()
  await api?.stop()
  await receiver?.close()
})

const acceptedOf = async ({ source }: GatewaySession): Promise<number> => {
  const { rows } = await api.database.pool.query<{ n: number }>(
    `select coalesce(sum(n), 0)::bigint as n from source_stat where source_id = $1 and what = 'accepted'`,
    [readId('source', source)],
  )
  return rows[0]!.n
}

test('what came is shown beside what was delivered, so that one loss can be told from the other', async () => {
  const session = await openSession(api, receiver, 'baileys', {}, { retrySchedule: [] })
  receiver.answer = ({ body, path }) => ({
    status: path === `/${session.app}` && body.includes('BAD') ? 500 : 200,
  })
  for (const id of ['A1', 'A2', 'A2', 'BAD']) await postJson(session.ingestUrl, textMessage(id))
  await until(async () => (await session.stats()).deliveries['exhausted'] === 1)
  expect(await session.stats()).toMatchObject({
    received: 4,
    accepted: 3,
    duplicate: 1,
    deliveries: { delivered: 2, exhausted: 1, discarded: 0, waiting: 0 },
  })
  const path = `/api/v1/app/${session.app}/source/${session.source}/stats`
  const { body: before } = await api.call(
    'GET',
    `${path}?until=2020-01-01T00:00:00Z&since=2019-01-01T00:00:00Z`,
  )
  expect(before).toMatchObject({ received: 0, deliveries: { delivered: 0 } })
  expect(
    (await api.call('GET', `${path}?since=2020-01-02T00:00:00Z&until=2020-01-01T00:00:00Z`)).status,
  ).toBe(422)
})

test('counts are written once a second, by every node, and add up', async () => {
  const session = await openSession(api, undefined, 'baileys')
  for (const [index, on] of [api, other, api, other].entries())
    await postJson(session.ingestUrl.replace(api.url, on.url), textMessage(`B${index}`))
  await until(async () => {
    return (await acceptedOf(session)) === 4
  })
})

test('whoever asks sees all that was counted before, also while others write and ask', async () => {
  const session = await openSession(api, undefined, 'baileys')
  await postJson(session.ingestUrl, textMessage('W1'))
  const holder = await api.database.pool.connect()
  await holder.query('begin')
  await holder.query('lock table source_stat in access exclusive mode')
  const first = api.intake.counters.flush()
  await postJson(session.ingestUrl, textMessage('W2'))
  const others = [1, 2, 3].map(async () => {
    await api.intake.counters.flush()
    return await acceptedOf(session)
  })
  await holder.query('rollback')
  holder.release()
  await first
  expect(await Promise.all(others)).toEqual([2, 2, 2])
})

test('counts outlive a time without the database', async () => {
  const session = await openSession(api, undefined, 'baileys')
  await postJson(session.ingestUrl, textMessage('C1'))
  await api.line!.cut()
  const refused = await postJson(session.ingestUrl, textMessage('C2'))
  expect(refused.status).toBe(503)
  await api.intake.counters.flush()
  await api.line!.mend()
  await until(async () => (await postJson(session.ingestUrl, textMessage('C2'))).status === 200)
  const stats = await session.stats()
  expect(stats).toMatchObject({ accepted: 2, duplicate: 0 })
  // A source that this node has to ask the database for is not known while that is away, and so is what it sent.
  expect(stats['received']).toBe(stats['accepted']! + stats['refused']!)
  expect(api.logged).toEqual([])
})

test('what is turned away is counted as refused, and the gateway is told to come again', async () => {
  const session = await openSession(api, undefined, 'baileys')
  const limited = await api.call('PATCH', `/api/v1/app/${session.app}`, {
    body: { throttleRate: 1 },
  })
  expect(limited.status).toBe(200)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => postJson(session.ingestUrl, textMessage(`R${n}`))),
  )
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await session.stats()).toMatchObject({
    received: 20,
    accepted: 20 - refused.length,
    refused: refused.length,
  })
})

describe('silence', () => {
  interface Alarm {
    type: string
    data: { appUid: string; gateway: string; silenceMinutes: number }
  }
  let alarms: () => Alarm[]
  let session: GatewaySession

  beforeAll(async () => {
    await api.call('POST', '/api/v1/operational-webhook/endpoint', {
      body: { url: `${receiver.url}/alarms`, eventTypes: ['source.silent', 'source.recovered'] },
    })
  })
  beforeEach(async () => {
    session = await openSession(api, undefined, 'baileys', { silenceMinutes: 10 })
    alarms = () =>
      receiver.received
        .filter(({ path }) => path === '/alarms')
        .map(({ body }) => JSON.parse(body) as Alarm)
        .filter(({ data }) => data.appUid === session.uid)
    // Somebody has been listening for an hour.
    await api.database.pool.query(`update node set started_at = now() - interval '1 hour'`)
  })

  const past = async (minutes: number) => {
    await api.intake.counters.flush()
    await api.database.pool.query(
      `update source_session
          set last_event_at = last_event_at - $2 * interval '1 minute',
              created_at = created_at - $2 * interval '1 minute'
        where app_id = $1`,
      [session.appUuid, minutes],
    )
  }
  const watch = () => watchSilence(api.database.pool, Date.now())

  test('raises the alarm once, and ends it when the session speaks again', async () => {
    await postJson(session.ingestUrl, textMessage('D1'))
    await past(9)
    await watch()
    await past(2)
    expect(await watch()).toMatchObject({ silent: 1 })
    expect(await watch()).toMatchObject({ silent: 0 })
    await until(() => alarms().length === 1)
    expect(alarms()[0]).toMatchObject({
      type: 'source.silent',
      data: { gateway: 'baileys', silenceMinutes: 10 },
    })
    expect((await session.stats()).silentSince).not.toBeNull()
    await postJson(session.ingestUrl, textMessage('D2'))
    await api.intake.counters.flush()
    expect(await watch()).toEqual({ silent: 0, recovered: 1 })
    await until(() => alarms().length === 2)
    expect(alarms()[1]!.type).toBe('source.recovered')
    expect(await session.stats()).toMatchObject({ silentSince: null })
  })

  test('is noticed of a session that never spoke at all', async () => {
    await past(11)
    expect(await watch()).toMatchObject({ silent: 1 })
  })

  test('is no alarm where none is asked for, nor while no Pombo was there to listen', async () => {
    await past(11)
    await api.database.pool.query(`update node set started_at = now() - interval '9 minutes'`)
    expect(await watch()).toEqual({ silent: 0, recovered: 0 })
    await api.database.pool.query(`update node set started_at = now() - interval '1 hour'`)
    await api.call('PATCH', `/api/v1/app/${session.app}/source/${session.source}`, {
      body: { silenceMinutes: null },
    })
    expect(await watch()).toEqual({ silent: 0, recovered: 0 })
  })

  test('is raised by upkeep, once however many nodes there are', async () => {
    await past(11)
    const chores = intakeChores(api.database.pool, () => Date.now(), 30)
    const often = chores.map((chore) => ({ ...chore, everyMs: 50 }))
    const nodes = await Promise.all(
      [1, 2].map(() => startNode(api.database.url, { chores: often })),
    )
    try {
      await until(() => alarms().length > 0)
      await postJson(session.ingestUrl, textMessage('F1'))
      await until(() => alarms().length > 1)
      expect(alarms().map(({ type }) => type)).toEqual(['source.silent', 'source.recovered'])
    } finally {
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })

  test('ends without a word when it is no longer asked for', async () => {
    await past(11)
    await watch()
    await api.call('PATCH', `/api/v1/app/${session.app}/source/${session.source}`, {
      body: { silenceMinutes: null },
    })
    await postJson(session.ingestUrl, textMessage('E1'))
    await api.intake.counters.flush()
    expect(await watch()).toEqual({ silent: 0, recovered: 0 })
    expect(await session.stats()).toMatchObject({ silentSince: null })
  })
})
