// What the dashboard asks beside the lists: search, try-outs, the system, and the sources' sessions.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let portal: string
let other: string
const ids: string[] = []

beforeAll(async () => {
  pombo = await startPombo()
  receiver = await startReceiver()
  for (const uid of ['one', 'two']) await call('POST', '/app', { name: uid, uid })
  await call('POST', '/app/one/endpoint', { url: receiver.url, eventTypes: ['order.made'] })
  for (let i = 0; i < 30; i++) {
    const app = i % 3 === 0 ? 'two' : 'one'
    const made = await call('POST', `/app/${app}/msg`, {
      eventType: i % 2 === 0 ? 'order.made' : 'order.paid',
      eventId: `event-${i}`,
      payload: { amount: i, text: i === 7 ? 'A <b>Needle</b> in 100% of hay' : 'hay' },
      ...(i === 11 && { orderingKey: 'chat-11', tags: ['rare'], channels: ['special'] }),
    })
    ids.push(made.body.id)
  }
  portal = (await call('POST', '/auth/app-portal-access/two')).body.token
  other = (await call('POST', '/tenant', { name: 'other' })).body.key
})
afterAll(async () => {
  await pombo?.stop()
  await receiver?.close()
})

const call: TestPombo['api'] = (...given) => pombo.api(...given)

describe('search', () => {
  const search = async (query: string, key?: string) => {
    const { status, body, text } = await call('GET', `/search/message?${query}`, undefined, key)
    expect(status, text).toBe(200)
    return body
  }
  const found = async (query: string, key?: string) =>
    (await search(query, key)).data.map(({ id }: { id: string }) => ids.indexOf(id))

  test('finds messages of all apps by what they carry, newest first', async () => {
    expect(await found('limit=4')).toEqual([29, 28, 27, 26])
    expect(await found('app_id=two&limit=3')).toEqual([27, 24, 21])
    expect(await found('event_type=order.paid&app_id=one&limit=2')).toEqual([29, 25])
    expect(await found('tag=rare')).toEqual([11])
    expect(await found('channel=special')).toEqual([11])
    expect(await found('ordering_key=chat-11')).toEqual([11])
    expect(await found('event_id=event-5')).toEqual([5])
    expect(await found('app_id=two&state=unmatched&limit=2')).toEqual([27, 24])
  })

  test('finds by an id exactly, and by text within payloads, whatever characters it is of', async () => {
    expect(await found(`q=${ids[3]}`)).toEqual([3])
    expect(await found('q=event-9')).toEqual([9])
    expect(await found('q=nobody')).toEqual([])
    for (const text of ['needle', '<B>NEEDLE', '100%', "hay' or 1=1 --"])
      expect(await found(`text=${encodeURIComponent(text)}`), text).toEqual(
        text.includes("'") ? [] : [7],
      )
  })

  test('goes on by its iterator, without a gap, and says how far it looked', async () => {
    const seen: number[] = []
    let query = 'event_type=order.made&limit=4'
    for (;;) {
      const page = await search(query)
      seen.push(...page.data.map(({ id }: { id: string }) => ids.indexOf(id)))
      if (page.done) {
        expect(page.searched.complete).toBe(true)
        break
      }
      query = `event_type=order.made&limit=4&iterator=${page.iterator}`
    }
    expect(seen).toEqual(Array.from({ length: 15 }, (_, i) => 28 - 2 * i))
    const page = await search('tag=rare')
    expect(page.searched).toMatchObject({ messages: 30, complete: true })
  })

  test('says how the deliveries stand', async () => {
    const one = await until(async () => {
      const [shown] = (await search(`q=${ids[4]}`)).data
      return shown.states.delivered === 1 && shown
    })
    expect(one).toMatchObject({ appUid: 'one', states: { waiting: 0, exhausted: 0 } })
  })

  test('a token finds its own app’s alone, another tenant nothing', async () => {
    expect(await found('limit=3', portal)).toEqual([27, 24, 21])
    expect(await found(`q=${ids[1]}`, portal)).toEqual([])
    expect(await found('limit=3', other)).toEqual([])
    expect((await call('GET', '/search/message?app_id=one', undefined, portal)).status).toBe(404)
  })

  test.each(['text=a', 'state=eaten', 'iterator=x', 'since=2999-01-01T00:00:00Z', 'color=red'])(
    '%s is refused',
    async (query) => expect((await call('GET', `/search/message?${query}`)).status).toBe(422),
  )
})

describe('try-outs', () => {
  test('a filter is tried on the last messages', async () => {
    const { body } = await call('POST', '/app/one/try/filter', {
      filter: 'payload.amount > 20',
      limit: 10,
    })
    expect(body).toMatchObject({ ok: true, problem: null, looked: 10 })
    for (const { messageId, matched } of body.data)
      expect(matched).toBe(ids.indexOf(messageId) > 20)
    expect(body.matched).toBe(body.data.filter((one: { matched: boolean }) => one.matched).length)
    const bad = await call('POST', '/app/one/try/filter', { filter: 'payload.amount >' })
    expect(bad.body).toMatchObject({ ok: false, problem: expect.any(String), looked: 0, data: [] })
  })

  test('a transformation is tried on a past message, before any endpoint has it', async () => {
    const { body } = await call('POST', '/app/one/try/transform', {
      transform: { payload: '{"n": payload.amount}' },
      messageId: ids[5],
    })
    expect(body).toMatchObject({ ok: true, payload: { n: 5 } })
    const gone = { transform: { payload: '{}' }, messageId: ids[0] }
    expect((await call('POST', '/app/one/try/transform', gone)).status).toBe(404)
  })

  test('an address is judged as it would be when it is sent to', async () => {
    const address = async (url: string, send?: string) =>
      (await call('POST', '/app/one/try/address', { url, ...(send && { send }) })).body
    expect(await address('http://169.254.169.254/latest')).toMatchObject({
      guard: { allowed: false, reason: 'address', detail: expect.any(String) },
      dns: null,
    })
    expect(await address('ftp://example.com')).toMatchObject({
      guard: { allowed: false, reason: 'scheme' },
    })
    expect(await address('http://no-such-name.invalid/')).toMatchObject({
      guard: { allowed: true },
      dns: { ok: false, problem: expect.any(String) },
    })
    const before = receiver.received.length
    expect(await address(receiver.url)).toMatchObject({ dns: { ok: true }, answer: null })
    expect(await address(receiver.url, 'connect')).toMatchObject({
      connection: { ok: true, secure: false, problem: null },
      answer: null,
    })
    expect(receiver.received.length).toBe(before)
    expect(await address(receiver.url.replace('http:', 'https:'), 'connect')).toMatchObject({
      connection: { ok: false, secure: true, problem: expect.any(String) },
    })
    expect(await address(receiver.url, 'event')).toMatchObject({
      answer: { delivered: true, statusCode: 200, problem: null },
    })
    expect(JSON.parse(receiver.received.at(-1)!.body)).toMatchObject({ type: 'pombo.test' })
    const { key } = (await call('POST', '/key', { name: 'reader', role: 'read' })).body
    const event = { url: receiver.url, send: 'event' }
    expect((await call('POST', '/app/one/try/address', event, key)).status).toBe(403)
    expect((await call('POST', '/app/one/try/address', { url: receiver.url }, key)).status).toBe(
      200,
    )
  })
})

test('the system is shown to who runs it, and to nobody else', async () => {
  const { body } = await call('GET', '/system')
  expect(body).toMatchObject({
    nodes: [{ name: expect.any(String), schemaVersion: expect.any(Number), underWay: 0 }],
    queue: { waiting: expect.any(Number) },
    database: { bytes: expect.any(Number), days: expect.arrayContaining([]) },
    retention: { days: 30 },
  })
  const settings = new Map(
    body.configuration.map((one: { variable: string; value: string | null }) => [
      one.variable,
      one.value,
    ]),
  )
  expect(settings.get('POMBO_LISTEN')).toBe('127.0.0.1:0')
  expect(settings.get('POMBO_SERVER_URL')).toBeNull()
  for (const secret of [pombo.key, Buffer.alloc(32, 7).toString('base64')])
    expect(JSON.stringify(body)).not.toContain(secret)
  expect(body.database.days.length).toBeGreaterThan(2)
  for (const { bytes, partitions } of body.database.days) {
    const of = (name: string) => partitions.find((one: { table: string }) => one.table === name)
    for (const name of ['message', 'attempt', 'delivery']) expect(of(name).bytes).toBeGreaterThan(0)
    expect(partitions.reduce((sum: number, one: { bytes: number }) => sum + one.bytes, 0)).toBe(
      bytes,
    )
  }
  for (const key of [portal, other])
    expect((await call('GET', '/system', undefined, key)).status).toBe(403)
})

test('the sessions of sources are shown with what came last', async () => {
  const source = await call('POST', '/app/one/source', { gateway: 'zpwoot' })
  const { ingestUrl } = source.body
  await fetch(ingestUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ event: 'Connected', sessionId: 'one', data: {} }),
  })
  const [session] = await until(async () => {
    const { body } = await call('GET', '/source/session')
    return body.data.length > 0 && body.data[0].lastEventAt !== null && body.data
  }, 20_000)
  expect(session).toMatchObject({ gateway: 'zpwoot', appUid: 'one', state: 'connected' })
  const silentSource = (await call('POST', '/app/one/source', { gateway: 'waha' })).body.id
  const of = async (id: string) => (await call('GET', `/source/session?source_id=${id}`)).body.data
  expect((await of(source.body.id)).map((one: { sourceId: string }) => one.sourceId)).toEqual([
    source.body.id,
  ])
  expect(await of(silentSource)).toMatchObject([{ sourceId: silentSource, state: 'never' }])
  expect((await call('GET', '/source/session?source_id=nobody')).status).toBe(404)
  const listed = (await call('GET', '/source')).body.data
  expect(listed.find(({ id }: { id: string }) => id === source.body.id).eventsPerMinute).toBe(0.1)
  expect(listed.find(({ id }: { id: string }) => id === silentSource).eventsPerMinute).toBe(0)
  for (const key of [portal, other])
    expect((await call('GET', '/source/session', undefined, key)).body.data).toEqual([])
})

test('what the doctor finds is shown to who runs it, with what to do', async () => {
  const { status, body } = await call('GET', '/system/doctor')
  expect(status).toBe(200)
  expect(body.data.length).toBeGreaterThan(5)
  for (const { level, mend } of body.data) expect(mend === null).toBe(level === 'ok')
  expect((await call('GET', '/system/doctor', undefined, other)).status).toBe(403)
})
