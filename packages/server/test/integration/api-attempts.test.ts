// Attempts, deliveries and what is sent again, through the API, driven by the official client, on a running engine.
import { BackgroundTaskStatus, BackgroundTaskType, MessageStatus } from 'svix'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readId, showId, uuidv7 } from '../../src/core/id.ts'
import { refused, startApi, type TestApi } from '../support/api-server.ts'
import { messagesOf } from '../support/app-messages.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
let appId: string
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => await api?.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  appId = (await api.svix.application.create({ name: 'app' })).id
})
afterEach(async () => await receiver.close())

const { send, finished } = messagesOf(
  () => api,
  () => appId,
)
const attempted = async (msgId: string, count: number) =>
  await until(async () => {
    const { data } = await api.svix.messageAttempt.listByMsg(appId, msgId)
    return data.length >= count ? data : undefined
  })
describe('attempts and deliveries', () => {
  test('of a success and of a failure are listed by message and by endpoint, with their filters', async () => {
    receiver.answer = ({ body }) =>
      body === '"bad"' ? { status: 500, body: 'broken' } : { status: 200, body: 'thanks' }
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: receiver.url, uid: 'e', retrySchedule: [] },
    })
    const good = await send({ eventType: 'a', payload: 'good', channels: ['x'], tags: ['t'] })
    const bad = await send({ eventType: 'b', payload: 'bad' })
    await finished(good.body.id)
    await finished(bad.body.id)
    const [success] = await attempted(good.body.id, 1)
    expect(success).toMatchObject({
      status: MessageStatus.Success,
      statusText: 'success',
      responseStatusCode: 200,
      triggerType: 0,
      msgId: good.body.id,
      url: receiver.url,
    })
    const byEndpoint = async (
      options: Parameters<TestApi['svix']['messageAttempt']['listByEndpoint']>[2] = {},
    ) => (await api.svix.messageAttempt.listByEndpoint(appId, 'e', options)).data
    expect((await byEndpoint()).map(({ msgId }) => msgId)).toEqual(
      expect.arrayContaining([good.body.id, bad.body.id]),
    )
    expect(await byEndpoint({ status: MessageStatus.Fail, withContent: true })).toMatchObject([
      { msgId: bad.body.id, statusText: 'fail', responseStatusCode: 500, response: 'broken' },
    ])
    expect(await byEndpoint({ statusCodeClass: 200 })).toMatchObject([
      { msgId: good.body.id, response: '' },
    ])
    expect(await byEndpoint({ status: MessageStatus.Pending })).toEqual([])
    expect(await byEndpoint({ eventTypes: ['b'] })).toMatchObject([{ msgId: bad.body.id }])
    expect(await byEndpoint({ channel: 'x' })).toMatchObject([{ msgId: good.body.id }])
    expect(await byEndpoint({ tag: 't' })).toMatchObject([{ msgId: good.body.id }])
    expect(await byEndpoint({ before: new Date(Date.now() - 3_600_000) })).toEqual([])
    expect(await byEndpoint({ after: new Date(Date.now() - 3_600_000) })).toHaveLength(2)
    expect(await byEndpoint({ withMsg: true, withContent: true, eventTypes: ['b'] })).toMatchObject(
      [{ msg: { id: bad.body.id, payload: 'bad' } }],
    )
    expect(
      await api.svix.messageAttempt.listByMsg(appId, good.body.id, { endpointId: 'e' }),
    ).toMatchObject({ data: [{ id: success!.id }] })
    expect(
      await api.svix.messageAttempt.listByMsg(appId, good.body.id, { statusCodeClass: 500 }),
    ).toMatchObject({ data: [] })
    const page = await api.svix.messageAttempt.listByEndpoint(appId, 'e', { limit: 1 })
    const next = await api.svix.messageAttempt.listByEndpoint(appId, 'e', {
      limit: 1,
      iterator: page.iterator!,
    })
    expect([...page.data, ...next.data].map(({ id }) => id)).toEqual(
      (await byEndpoint()).map(({ id }) => id),
    )
    expect(await api.svix.endpoint.getStats(appId, 'e')).toEqual({
      success: 1,
      fail: 1,
      pending: 0,
      sending: 0,
      canceled: 0,
    })
    expect(
      await api.svix.endpoint.getStats(appId, 'e', { until: new Date(Date.now() - 3_600_000) }),
    ).toMatchObject({ success: 0, fail: 0 })
  })

  test('without an answer say what went wrong', async () => {
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: 'http://127.0.0.1:1/', retrySchedule: [] },
    })
    const { body } = await send({ eventType: 'a', payload: 1 })
    await attempted(body.id, 1)
    const { data } = await api.svix.messageAttempt.listByMsg(appId, body.id, { withContent: true })
    expect(data[0]).toMatchObject({
      responseStatusCode: 0,
      statusText: 'fail',
      response: expect.stringMatching(/\w/),
    })
  })

  test('an attempt that was redirected shows where to, without what opens it', async () => {
    receiver.answer = () => ({
      status: 302,
      headers: { location: 'https://u:hidden@new.example.com/hook?token=hidden' },
    })
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: `${receiver.url}/moved`, eventTypes: ['moved.now'] },
    })
    const sent = await api.call('POST', `/api/v1/app/${appId}/msg`, {
      body: { eventType: 'moved.now', payload: {} },
    })
    const [row] = await until(async () => {
      const { rows } = await api.database.pool.query<{ error: string; status_code: number }>(
        'select error, status_code from attempt where url like $1',
        ['%/moved'],
      )
      return rows.length > 0 ? rows : undefined
    })
    expect(sent.status).toBe(202)
    expect(row!.status_code).toBe(302)
    expect(row!.error).toContain('new.example.com/hook')
    expect(row!.error).not.toContain('hidden')
  })

  test('can be read one by one, and lose what was answered', async () => {
    receiver.answer = () => ({ body: 'private' })
    await api.svix.endpoint.create(appId, { url: receiver.url })
    const made = await api.svix.message.create(appId, { eventType: 'a', payload: {} })
    const [attempt] = await attempted(made.id, 1)
    expect(await api.svix.messageAttempt.get(appId, made.id, attempt!.id)).toMatchObject({
      id: attempt!.id,
      response: 'private',
    })
    await api.svix.messageAttempt.expungeContent(appId, made.id, attempt!.id)
    expect(await api.svix.messageAttempt.get(appId, made.id, attempt!.id)).toMatchObject({
      response: 'EXPUNGED',
    })
    expect(
      await refused(api.svix.messageAttempt.get(appId, made.id, 'atmpt_nonsense')),
    ).toMatchObject({ status: 404 })
  })

  test('deliveries are listed by endpoint and by message as they stand', async () => {
    receiver.answer = ({ path, body }) =>
      path === '/bad' ? { status: 500 } : body === '"hang"' ? { hang: true } : {}
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: receiver.url, uid: 'good' },
    })
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: `${receiver.url}/bad`, uid: 'bad', retrySchedule: [] },
    })
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: receiver.url, uid: 'paused', eventTypes: ['a'] },
    })
    await api.call('POST', `/api/v1/app/${appId}/endpoint/paused/pause`)
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: receiver.url, uid: 'off', disabled: true },
    })
    const made = await send({ eventType: 'a', payload: 'x', channels: ['ch'], tags: ['tg'] })
    const { id } = made.body
    await finished(id, 3)
    const places = async (expanded: boolean) => {
      const { body } = await api.call(
        'GET',
        `/api/v1/app/${appId}/msg/${id}/endpoint?expanded_statuses=${expanded}`,
      )
      return Object.fromEntries(
        body.data.map((one: { uid: string; statusText: string }) => [one.uid, one.statusText]),
      )
    }
    expect(await places(true)).toEqual({
      good: 'success',
      bad: 'fail',
      paused: 'pending',
      off: 'canceled',
    })
    expect(
      (await api.svix.messageAttempt.listAttemptedDestinations(appId, id)).data.map(
        ({ uid, statusText }) => [uid, statusText],
      ),
    ).toContainEqual(['off', 'fail'])
    const first = await api.svix.messageAttempt.listAttemptedDestinations(appId, id, { limit: 3 })
    const rest = await api.svix.messageAttempt.listAttemptedDestinations(appId, id, {
      limit: 3,
      iterator: first.iterator!,
    })
    expect([first.done, rest.done, rest.data.length]).toEqual([false, true, 1])
    const back = await api.svix.messageAttempt.listAttemptedDestinations(appId, id, {
      limit: 3,
      iterator: rest.prevIterator!,
    })
    expect(back.data).toEqual(first.data)

    const messages = async (
      uid: string,
      options: Parameters<TestApi['svix']['messageAttempt']['listAttemptedMessages']>[2] = {},
    ) => (await api.svix.messageAttempt.listAttemptedMessages(appId, uid, options)).data
    expect(await messages('good', { withContent: true })).toMatchObject([
      { id, statusText: 'success', payload: 'x', nextAttempt: null },
    ])
    expect(await messages('paused')).toMatchObject([
      { id, statusText: 'pending', nextAttempt: expect.any(Date) },
    ])
    expect(await messages('off')).toMatchObject([{ id, statusText: 'canceled' }])
    expect(await messages('bad', { status: MessageStatus.Fail })).toHaveLength(1)
    expect(await messages('off', { status: MessageStatus.Fail })).toHaveLength(0)
    expect(
      await messages('off', { status: MessageStatus.Fail, expandedStatuses: false }),
    ).toHaveLength(1)
    expect(await messages('good', { status: MessageStatus.Pending })).toHaveLength(0)
    expect(await messages('good', { channel: 'ch', tag: 'tg', eventTypes: ['a'] })).toHaveLength(1)
    expect(await messages('good', { channel: 'other' })).toHaveLength(0)
    const hanging = await send({ eventType: 'b', payload: 'hang' })
    await until(async () =>
      (await messages('good', { status: MessageStatus.Sending })).some(
        (one) => one.id === hanging.body.id,
      ),
    )
    const page = await api.svix.messageAttempt.listAttemptedMessages(appId, 'good', { limit: 1 })
    expect(page.data).toMatchObject([{ id: hanging.body.id }])
    expect(await messages('good', { limit: 1, iterator: page.iterator! })).toMatchObject([{ id }])
  })

  test('a message can be resent, also where it was delivered', async () => {
    await api.svix.endpoint.create(appId, { url: receiver.url, uid: 'e' })
    const made = await api.svix.message.create(appId, {
      eventType: 'a',
      eventId: 'again',
      payload: { n: 1 },
    })
    await finished(made.id)
    await api.svix.messageAttempt.resend(appId, 'again', 'e')
    await receiver.waitFor(2)
    const data = await attempted(made.id, 2)
    expect(data.map(({ triggerType }) => triggerType)).toEqual([1, 0])
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
      made.id,
      made.id,
    ])
    expect(await refused(api.svix.messageAttempt.resend(appId, made.id, 'nobody'))).toMatchObject({
      status: 404,
    })
  })

  test('a message that is resent while an attempt of it is under way is sent once more', async () => {
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: receiver.url, uid: 'e', retrySchedule: [] },
    })
    receiver.answer = (_, index) => ({ hang: index === 0 })
    const { body: made } = await send({ eventType: 'a', payload: 'twice' })
    await receiver.waitFor(1)
    await api.svix.messageAttempt.resend(appId, made.id, 'e')
    await receiver.waitFor(2)
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
      made.id,
      made.id,
    ])
    await finished(made.id)
    // The first one's connection breaks: it failed, and nothing follows from it.
    await receiver.close()
    const tried = await attempted(made.id, 2)
    expect(
      new Set(tried.map(({ statusText, triggerType }) => `${statusText} ${triggerType}`)),
    ).toEqual(new Set(['success 1', 'fail 0']))
    expect(
      (await api.svix.messageAttempt.listAttemptedDestinations(appId, made.id)).data,
    ).toMatchObject([{ status: MessageStatus.Success }])
  })

  test('what was missed can be recovered, as a background task', async () => {
    receiver.answer = () => ({ status: 500 })
    await api.call('POST', `/api/v1/app/${appId}/endpoint`, {
      body: { url: receiver.url, uid: 'e', retrySchedule: [] },
    })
    const since = new Date(Date.now() - 60_000)
    for (let n = 0; n < 3; n++) await finished((await send({ eventType: 'a', payload: n })).body.id)
    receiver.answer = () => ({})
    const started = await api.svix.endpoint.recover(appId, 'e', { since })
    expect(started).toMatchObject({ status: 'running', task: 'endpoint.recover' })
    const task = await until(async () => {
      const one = await api.svix.backgroundTask.get(started.id)
      return one.status === 'running' ? undefined : one
    })
    expect(task).toMatchObject({ status: 'finished', data: { done: 3 } })
    await receiver.waitFor(6)
    expect(
      (
        await api.svix.backgroundTask.list({
          task: BackgroundTaskType.EndpointRecover,
          status: BackgroundTaskStatus.Finished,
        })
      ).data.map(({ id }) => id),
    ).toContain(started.id)
    expect(
      (await api.svix.backgroundTask.list({ status: BackgroundTaskStatus.Failed })).data,
    ).toEqual([])
    expect(await refused(api.svix.backgroundTask.get('qtask_nonsense'))).toMatchObject({
      status: 404,
    })
    const wrong = await api.call('POST', `/api/v1/app/${appId}/endpoint/e/recover`, {
      body: { since: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' },
    })
    expect(wrong).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'until'] }] } })
  })
})

describe('an endpoint with a long history', () => {
  // Written straight into the tables: the engine would take long to make a thousand messages in all states.
  const stateOf = (n: number) =>
    n % 7 === 0 ? 'fail' : n % 5 === 0 ? 'pending' : n % 3 === 0 ? 'canceled' : 'success'
  const total = 1_000
  let ids: string[]
  beforeEach(async () => {
    const endpoint = await api.svix.endpoint.create(appId, { url: receiver.url, uid: 'long' })
    await api.call('POST', `/api/v1/app/${appId}/endpoint/long/pause`)
    const start = Date.now() - 600_000
    const rows = Array.from({ length: total }, (_, n) => ({
      n,
      id: uuidv7(start + n),
      first: uuidv7(start + n),
      last: uuidv7(start + n),
    }))
    ids = rows.map(({ id }) => showId('message', id))
    const scope = [api.tenantId, readId('app', appId), readId('endpoint', endpoint.id)]
    const of = (...states: string[]) => rows.filter(({ n }) => states.includes(stateOf(n)))
    await api.database.pool.query(
      `insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
       select id, $1, $2, case when n % 100 = 0 then 'rare' else 'usual' end, n::text, 4, 1, now()
         from unnest($3::uuid[], $4::int[]) as m(id, n)`,
      [scope[0], scope[1], rows.map(({ id }) => id), rows.map(({ n }) => n)],
    )
    const deliver = async (some: typeof rows, state: string, which: 'first' | 'last') =>
      await api.database.pool.query(
        `insert into delivery (id, tenant_id, app_id, endpoint_id, message_id, state, attempts, event_type)
         select d, $1, $2, $3, m, $6, 1, 'a' from unnest($4::uuid[], $5::uuid[]) as x(d, m)`,
        [...scope, some.map((row) => row[which]), some.map(({ id }) => id), state],
      )
    await deliver(of('fail'), 'exhausted', 'last')
    await deliver(of('canceled'), 'discarded', 'last')
    // Those that succeeded or wait had failed before, and were resent.
    await deliver(of('success', 'pending'), 'exhausted', 'first')
    await deliver(of('success'), 'delivered', 'last')
    await api.database.pool.query(
      `insert into work (
         endpoint_id, message_id, id, tenant_id, app_id, priority, next_attempt_at, payload_bytes, event_type)
       select $3, m, d, $1, $2, 1, now() + interval '1 hour', 4, 'a'
         from unnest($4::uuid[], $5::uuid[]) as x(d, m)`,
      [...scope, of('pending').map(({ last }) => last), of('pending').map(({ id }) => id)],
    )
  })

  type Options = NonNullable<
    Parameters<TestApi['svix']['messageAttempt']['listAttemptedMessages']>[2]
  >
  const walked = async (
    options: Parameters<TestApi['svix']['messageAttempt']['listAttemptedMessages']>[2],
    way: 'there' | 'back',
  ) => {
    const list = async (iterator?: string | null) =>
      await api.svix.messageAttempt.listAttemptedMessages(appId, 'long', {
        ...options,
        ...(iterator && { iterator }),
      })
    let page = await list()
    const there = [...page.data]
    while (!page.done) there.push(...(page = await list(page.iterator)).data)
    if (way === 'there') return there
    const back = [...page.data]
    page = { ...page, done: false }
    while (!page.done) back.unshift(...(page = await list(page.prevIterator)).data)
    return back
  }

  test.each<[string, Options, (n: number) => boolean]>([
    ['everything', {}, () => true],
    ['failures', { status: MessageStatus.Fail }, (n: number) => stateOf(n) === 'fail'],
    [
      'failures, as older clients see them',
      { status: MessageStatus.Fail, expandedStatuses: false },
      (n: number) => ['fail', 'canceled'].includes(stateOf(n)),
    ],
    ['successes', { status: MessageStatus.Success }, (n: number) => stateOf(n) === 'success'],
    ['what waits', { status: MessageStatus.Pending }, (n: number) => stateOf(n) === 'pending'],
    ['a rare type', { eventTypes: ['rare'] }, (n: number) => n % 100 === 0],
  ])(
    'shows %s once each, in order, there and back, by the last delivery of each',
    async (_, options, wanted) => {
      const expected = ids
        .map((id, n) => ({ id, n }))
        .filter(({ n }) => wanted(n))
        .toReversed()
      for (const way of ['there', 'back'] as const) {
        const seen = await walked({ ...options, limit: 150 }, way)
        expect(seen.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
        if (!('expandedStatuses' in options))
          expect(seen.map(({ statusText }) => statusText)).toEqual(
            expected.map(({ n }) => stateOf(n)),
          )
      }
    },
  )
})
