// Methods of Svix's cloud about messages, event types and statistics.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Svix } from 'svix'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let operator: Svix

beforeAll(async () => {
  pombo = await startPombo()
  operator = new Svix(pombo.key, { serverUrl: pombo.url, numRetries: 0 })
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  receiver = await startReceiver()
  return () => receiver.close()
})

/** A tenant of its own, so that what is counted or sent to all is the test's alone. */
async function tenant(more: object = {}) {
  const { body } = await call(pombo.key, 'POST', '/tenant', { name: 'cloud', ...more })
  const key = String(body.key)
  return {
    key,
    svix: new Svix(key, { serverUrl: pombo.url, numRetries: 0 }),
    call: (method: string, path: string, given?: unknown) => call(key, method, path, given),
  }
}
const call = (key: string, method: string, path: string, body?: unknown) =>
  pombo.api(method, path, body, key)
const finished = (svix: Svix, id: string) =>
  until(async () => {
    const task = await svix.backgroundTask.get(id)
    return task.status === 'running' ? undefined : task
  })
const at = (path: string) => new URL(path, receiver.url).href

test('a broadcast reaches every application of the tenant once, and no other tenant', async () => {
  const { svix, call: ask } = await tenant({ encryptPayloads: true })
  const stranger = await operator.application.create({ name: 'stranger' })
  await operator.endpoint.create(stranger.id, { url: at('/stranger') })
  const apps = await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const { id } = await svix.application.create({ name: `app ${n}` })
      if (n < 2) await svix.endpoint.create(id, { url: at(`/${n}`) })
      return id
    }),
  )
  const given = { eventType: 'maintenance', payload: { secret: 'planned' }, eventId: 'event-1' }
  await svix.message.create(apps[1]!, given)
  await receiver.waitFor(1)
  const started = await ask('POST', '/msg/broadcast', given)
  expect(started.status).toBe(202)
  expect(started.body.task).toBe('message.broadcast')
  const task = await finished(svix, started.body.id)
  expect(task).toMatchObject({ status: 'finished', data: { done: 59, skipped: 1 } })
  await receiver.waitFor(2)
  expect(receiver.received.map(({ path }) => path).toSorted()).toEqual(['/0', '/1'])
  const { data } = await svix.message.list(apps[59]!, { withContent: true })
  expect(data).toMatchObject([{ eventType: 'maintenance', payload: { secret: 'planned' } }])
  const { rows } = await pombo.database.pool.query('select args from job where task = $1', [
    'message.broadcast',
  ])
  expect(JSON.stringify(rows)).not.toContain('planned')
})

test('a search finds text, also where it was escaped, and expressions, and goes on where it stopped', async () => {
  const { svix, call: ask } = await tenant()
  const { id } = await svix.application.create({ name: 'a' })
  const path = `/api/v1/app/${id}/msg`
  for (const text of [
    '{"t":"Ol\\u00e1 Maria","n":1}',
    '{"t":"olá josé","n":2}',
    '{"t":"tchau","n":3}',
  ])
    await pombo.call('POST', path, {
      headers: { authorization: `Bearer ${await keyOf(ask)}` },
      text: `{"eventType":"a.b","payload":${text}}`,
    })
  const search = async (query: string) =>
    (await ask('GET', `/app/${id}/msg/search?${query}`)).body as {
      data: { payload: { n: number } }[]
      iterator: string
      done: boolean
    }
  const numbers = ({ data }: { data: { payload: { n: number } }[] }) =>
    data.map(({ payload }) => payload.n)
  const all = await search(`text=${encodeURIComponent('OLÁ')}`)
  expect([numbers(all), all.done]).toEqual([[2, 1], true])
  const first = await search(`text=${encodeURIComponent('olá')}&limit=1`)
  expect([numbers(first), first.done]).toEqual([[2], false])
  const rest = await search(`text=${encodeURIComponent('olá')}&iterator=${first.iterator}`)
  expect([numbers(rest), rest.done]).toEqual([[1], true])
  expect(numbers(await search(`filter=${encodeURIComponent('payload.n > 2')}`))).toEqual([3])
  const nothing = await ask('GET', `/app/${id}/msg/search`)
  expect([nothing.status, nothing.text.includes('text')]).toEqual([422, true])
  const bad = await ask('GET', `/app/${id}/msg/search?filter=${encodeURIComponent('payload.(')}`)
  expect(bad.status).toBe(422)

  async function keyOf(via: typeof ask): Promise<string> {
    return String((await via('POST', '/key', { name: 'search' })).body.key)
  }
})

const spec = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  webhooks: {
    'invoice.paid': {
      post: {
        description: 'An invoice was paid',
        'x-group-name': 'invoices',
        requestBody: {
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Invoice' } } },
        },
      },
    },
    'user.gone': { post: { summary: 'A user went', deprecated: true } },
  },
  components: {
    schemas: {
      Invoice: {
        type: 'object',
        required: ['total'],
        properties: { total: { $ref: '#/components/schemas/Money' } },
      },
      Money: { type: 'object', properties: { of: { $ref: '#/components/schemas/Money' } } },
    },
  },
}

test('event types are made of a document, with all that their schemas refer to; a dry run only says so', async () => {
  const { svix } = await tenant()
  const old = await svix.eventType.create({ name: 'old.one', description: 'goes' })
  const dry = await svix.eventType.importOpenapi({ spec, dryRun: true, replaceAll: true })
  expect(dry.data.modified).toEqual([])
  expect(dry.data.toModify?.map(({ name }) => name)).toEqual(['invoice.paid', 'user.gone'])
  expect((await svix.eventType.list()).data.map(({ name }) => name)).toEqual([old.name])
  const made = await svix.eventType.importOpenapi({ spec, replaceAll: true })
  expect(made.data.modified).toEqual(['invoice.paid', 'user.gone', 'old.one'])
  const { data } = await svix.eventType.list({ withContent: true })
  expect(data).toMatchObject([
    { name: 'invoice.paid', description: 'An invoice was paid', groupName: 'invoices' },
    { name: 'user.gone', description: 'A user went', deprecated: true },
  ])
  await svix.eventType.patch('invoice.paid', { payloadCheck: 'refuse' } as never)
  const again = await svix.eventType.importOpenapi({ specRaw: JSON.stringify(spec) })
  expect(again.data.modified).toEqual([])
})

test('an exported document reads back as it was, also from YAML', async () => {
  const { svix, call: ask } = await tenant()
  await svix.eventType.importOpenapi({ spec })
  const { body: document } = await ask('GET', '/event-type/export/openapi')
  expect(Object.keys(document.webhooks)).toEqual(['invoice.paid', 'user.gone'])
  expect((await svix.eventType.importOpenapi({ spec: document })).data.modified).toEqual([])
  const other = await tenant()
  const yaml = 'openapi: 3.1.0\nwebhooks:\n  a.b:\n    post: { description: Of YAML }\n'
  expect((await other.svix.eventType.importOpenapi({ specRaw: yaml })).data.modified).toEqual([
    'a.b',
  ])
  const task = await ask('POST', '/event-type/export/openapi')
  expect(await finished(svix, task.body.id)).toMatchObject({ data: { openapi: document } })
})

test.each([
  [{ spec: { openapi: '3.1.0' } }, 'webhooks'],
  [{ specRaw: '{"a": ' }, 'specRaw'],
  [{ spec: { webhooks: { 'not a name': {} } } }, 'not a name'],
  [{ spec: { webhooks: { a: { post: { requestBody: { $ref: '#/nowhere' } } } } } }, 'nowhere'],
  [{}, 'spec'],
])('a document %j is refused, and nothing is made of it', async (given, word) => {
  const { svix, call: ask } = await tenant()
  const refused = await ask('POST', '/event-type/import/openapi', given)
  expect([refused.status, refused.text.includes(word)]).toEqual([422, true])
  expect((await svix.eventType.list()).data).toEqual([])
})

test("an event type's retry schedule holds where the endpoint has none, within a second of being set", async () => {
  const { svix, call: ask } = await tenant()
  const { id } = await svix.application.create({ name: 'a' })
  receiver.answer = () => ({ status: 500 })
  await svix.endpoint.create(id, { url: receiver.url })
  await svix.eventType.create({ name: 'quick', description: '' })
  const retrySchedule = [
    { secs: 0, nanos: 50_000_000 },
    { secs: 0, nanos: 0 },
  ]
  const put = await ask('PUT', '/event-type/quick/retry-schedule', { retrySchedule })
  expect(put.body).toEqual({ retrySchedule })
  expect((await ask('GET', '/event-type/quick/retry-schedule')).body).toEqual({ retrySchedule })
  await svix.message.create(id, { eventType: 'quick', payload: {} })
  await receiver.waitFor(3)
  await svix.eventType.patch('quick', { description: 'the schedule stays' })
  expect((await ask('GET', '/event-type/quick/retry-schedule')).body).toEqual({ retrySchedule })
})

test('an example is made of a schema', async () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } }
  const made = await call(pombo.key, 'POST', '/event-type/schema/generate-example', { schema })
  expect(made.body).toEqual({ example: { n: expect.any(Number) } })
})

test('deliveries are counted by application, messages by type, attempts over time; of one tenant alone', async () => {
  const { svix, call: ask } = await tenant()
  // One after the other: what is counted comes in the order in which they were made.
  const one = await svix.application.create({ name: 'one', uid: 'one' })
  const two = await svix.application.create({ name: 'two', uid: 'two' })
  const idle = await svix.application.create({ name: 'idle', uid: 'idle' })
  const endpoint = await svix.endpoint.create(one.id, { url: at('/1') })
  await svix.endpoint.create(one.id, { url: at('/2') })
  await svix.endpoint.create(two.id, { url: at('/3') })
  for (const [app, eventType] of [
    ['one', 'x'],
    ['one', 'y'],
    ['two', 'x'],
  ] as const)
    await svix.message.create(app, { eventType, payload: {} })
  await until(async () => (await stats('one')) === 4 && (await stats('two')) === 1)
  const span = { since: new Date(Date.now() - 3_600_000), until: new Date(Date.now() + 60_000) }
  const all = await svix.statistics.aggregateAppStats(span)
  expect(all.unresolvedAppIds).toEqual([])
  expect((await finished(svix, all.id)).data).toMatchObject({
    appStats: [
      { appId: one.id, appUid: 'one', messageDestinations: 4 },
      { appId: two.id, appUid: 'two', messageDestinations: 1 },
    ],
  })
  const some = await svix.statistics.aggregateAppStats({ ...span, appIds: ['idle', 'nobody'] })
  expect(some.unresolvedAppIds).toEqual(['nobody'])
  expect((await finished(svix, some.id)).data).toMatchObject({
    appStats: [{ appId: idle.id, messageDestinations: 0 }],
  })
  const types = await svix.statistics.aggregateEventTypes()
  expect((await finished(svix, types.id)).data).toMatchObject({
    eventTypeUsage: [
      { name: 'x', count: 2 },
      { name: 'y', count: 1 },
    ],
  })
  const { body } = await ask('GET', `/stats/app/one/ep/${endpoint.id}/attempt`)
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0)
  expect([sum(body.data.successCount), sum(body.data.failureCount)]).toEqual([2, 0])
  expect(body.period).toBe('FiveMinutes')
  const week = new Date(Date.now() - 7 * 86_400_000).toISOString()
  const days = (await ask('GET', `/stats/app/one/attempt?startDate=${week}`)).body
  expect([days.period, sum(days.data.successCount)]).toEqual(['OneDay', 4])

  async function stats(app: string): Promise<number> {
    const since = new Date(Date.now() - 3_600_000).toISOString()
    const end = new Date(Date.now() + 60_000).toISOString()
    const counted = await ask('GET', `/app/${app}/stats?since=${since}&until=${end}`)
    return counted.body.messageDestinations as number
  }
})
