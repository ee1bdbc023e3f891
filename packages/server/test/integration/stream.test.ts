// The live stream: what is told to whom, from all nodes, to slow viewers, and for how long.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type EventStream, openStream } from '../support/event-stream.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let one: TestApi
let two: TestApi
let receiver: Receiver
let endpoint: string
const open: EventStream[] = []

beforeAll(async () => {
  one = await startApi()
  two = await one.second()
  receiver = await startReceiver(({ path }) => (path === '/no' ? { status: 503 } : {}))
  for (const uid of ['mine', 'theirs']) await one.svix.application.create({ name: uid, uid })
  endpoint = (await one.svix.endpoint.create('mine', { url: `${receiver.url}/yes` })).id
  // Its retries would be told in the midst of later tests.
  await one.call('POST', '/api/v1/app/mine/endpoint', {
    body: { url: `${receiver.url}/no`, eventTypes: ['failing'], retrySchedule: [3_600] },
  })
})
afterEach(() => {
  for (const stream of open.splice(0)) stream.close()
})
afterAll(async () => {
  await two?.stop()
  await one?.stop()
  await receiver?.close()
})

async function watch(query = '', { key = one.key, at = one, ...headers }: Options = {}) {
  const stream = await openStream(`${at.url}/api/v1/stream?${query}`, {
    authorization: `Bearer ${key}`,
    ...headers,
  })
  open.push(stream)
  await until(() => stream.status !== 200 || stream.got.some(({ event }) => event === 'hello'))
  return stream
}
interface Options {
  key?: string
  at?: TestApi
  [header: string]: string | TestApi | undefined
}

const send = async (eventType = 'a.b', app = 'mine', at = one) =>
  (await at.svix.message.create(app, { eventType, payload: { secret: '<script>' } })).id

test('a message and its attempts are told as they happen, without the payload', async () => {
  const stream = await watch()
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  const id = await send('failing')
  await until(() => stream.items().length >= 3)
  const states = stream.items().map((one) => `${one.kind} ${one.state} ${one.messageId}`)
  expect(new Set(states)).toEqual(
    new Set([`attempt delivered ${id}`, `attempt failed ${id}`, `message accepted ${id}`]),
  )
  expect(stream.items().find(({ state }) => state === 'accepted')).toMatchObject({ deliveries: 2 })
  expect(stream.items().find(({ state }) => state === 'failed')).toMatchObject({
    statusCode: 503,
    attempt: 1,
    error: 'status 503',
    cause: { code: 'refused.503', outcome: 'refused', statusCode: 503, reason: null },
  })
  expect(JSON.stringify(stream.got)).not.toContain('script')
})

test('what is not asked for is not told', async () => {
  const streams = await Promise.all([
    watch('event_type=only.this'),
    watch('state=accepted'),
    watch(`endpoint_id=${endpoint}`),
    watch('app_id=theirs'),
    watch('source=evolution'),
  ])
  for (const type of ['only.this', 'other']) await send(type)
  await send('only.this', 'theirs')
  const [byType, byState, byEndpoint, byApp, bySource] = streams
  await until(() => byEndpoint!.items().length >= 2 && byApp!.items().length >= 1)
  await until(() => byState!.items().length >= 3 && byType!.items().length >= 3)
  expect(new Set(byType!.items().map(({ eventType }) => eventType))).toEqual(new Set(['only.this']))
  expect(new Set(byState!.items().map(({ kind }) => kind))).toEqual(new Set(['message']))
  expect(new Set(byEndpoint!.items().map(({ endpointId }) => endpointId))).toEqual(
    new Set([endpoint]),
  )
  expect(byApp!.items()).toHaveLength(1)
  expect(bySource!.items()).toEqual([])
})

test('what another node accepts and delivers is told too', async () => {
  const stream = await watch('event_type=elsewhere')
  // The other node learns within a second that somebody watches here.
  await until(async () => {
    await send('elsewhere', 'mine', two)
    // Of the one under which it learns it the attempt alone may be told.
    return ['message', 'attempt'].every((what) => stream.items().some(({ kind }) => kind === what))
  })
  expect(new Set(stream.items().map(({ id }) => id)).size).toBe(stream.items().length)
})

test('who was away goes on from the last id, without a gap', async () => {
  const stream = await watch()
  const first = await send()
  const toldOf = (one: EventStream, id: string) =>
    one.items().filter(({ messageId }) => messageId === id).length
  await until(() => toldOf(stream, first) === 2)
  const lastId = stream.got.findLast(({ id }) => id !== undefined)!.id!
  const had = new Set(stream.items().map(({ id }) => id))
  stream.close()
  const missed = await send()
  const back = await watch('', { 'last-event-id': lastId })
  expect(back.got[0]).toMatchObject({ event: 'hello', data: { resumed: true } })
  await until(() => toldOf(back, missed) === 2)
  expect(toldOf(back, first)).toBe(0)
  for (const { id } of back.items()) expect(had).not.toContain(id)
  const lost = await watch('', { 'last-event-id': 'nonsense' })
  expect(lost.got[0]).toMatchObject({ data: { resumed: false } })
})

test('a viewer that does not read holds nobody up, and is told how much it missed', async () => {
  const slow = await watch('app_id=theirs')
  const quick = await watch('app_id=theirs&state=accepted')
  slow.pause()
  const text = 'x'.repeat(200)
  const count = 12_000
  // Of both nodes' making, and more than is kept; what the sockets take in between is delivered later.
  for (let i = 0; i < count / 1_000; i++)
    await one.call('POST', '/api/v1/app/theirs/msg/batch', {
      body: {
        messages: Array.from({ length: 1_000 }, () => ({
          eventType: 'flood',
          payload: {},
          tags: [text.slice(0, 120)],
          channels: [text.slice(0, 120), `${text.slice(0, 110)}2`, `${text.slice(0, 110)}3`],
        })),
      },
    })
  const told = (stream: EventStream) => {
    const dropped = stream.got
      .filter(({ event }) => event === 'dropped')
      .reduce((sum, { data }) => sum + (data.count as number), 0)
    return { dropped, items: stream.items().length }
  }
  await until(() => told(quick).items + told(quick).dropped >= count, 120_000)
  slow.resume()
  await until(() => told(slow).items + told(slow).dropped >= count, 120_000)
  expect(told(slow).items + told(slow).dropped).toBe(count)
  expect(told(slow).dropped).toBeGreaterThan(0)
}, 300_000)

test('a token sees its own app alone, and another tenant nothing', async () => {
  const { token } = await one.svix.authentication.appPortalAccess('theirs')
  const other = (await one.call('POST', '/api/v1/tenant', { body: { name: 'other' } })).body.key
  const [all, theirs, others] = await Promise.all([
    watch('event_type=kept.apart'),
    watch('', { key: token }),
    watch('', { key: other }),
  ])
  await send('kept.apart', 'mine')
  await send('kept.apart', 'theirs')
  await until(() => all.items().length >= 3 && theirs.items().length >= 1)
  expect(theirs.items()).toHaveLength(1)
  expect(others.items()).toEqual([])
  expect((await watch('app_id=mine', { key: token })).status).toBe(404)
})

test('it ends with the key, and with a wrong word it does not begin', async () => {
  const { id, key } = (await one.call('POST', '/api/v1/key', { body: { name: 'short' } })).body
  const stream = await watch('', { key })
  await one.call('DELETE', `/api/v1/key/${id}`)
  await stream.ended
  expect(stream.got.at(-1)).toEqual({
    event: 'end',
    id: undefined,
    data: { reason: 'This key was revoked.' },
  })
  expect((await watch('', { key })).status).toBe(401)
  for (const query of ['state=eaten', 'endpoint_id=x', 'color=red'])
    expect((await watch(query)).status, query).toBe(422)
})

test('a node that stops ends its streams, and says so', async () => {
  const three = await one.second()
  const stream = await watch('', { at: three })
  await three.stop()
  await stream.ended
  expect(stream.got.at(-1)!.data.reason).toContain('stopping')
})

test('nothing is kept, and nothing left for others, while nobody watches', async () => {
  await until(async () => {
    const { rows } = await one.database.pool.query(
      'select count(*)::int as n from stream_watcher where expires_at > now()',
    )
    return rows[0].n === 0
  }, 30_000)
  await one.database.pool.query('delete from stream_batch')
  await until(async () => {
    await one.database.pool.query('delete from stream_batch')
    for (const at of [one, two]) await send('unwatched', 'mine', at)
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    return (await one.database.pool.query('select from stream_batch')).rowCount === 0
  })
})
