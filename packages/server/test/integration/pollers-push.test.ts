// Consumers of a polling endpoint that stay connected: server-sent events, and WebSockets with acknowledgements.
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Svix } from 'svix'
import { WebSocket } from 'ws'
import { type EventStream, openStream } from '../support/event-stream.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

let pombo: TestPombo
let svix: Svix
let appId: string
let sink: string
beforeAll(async () => {
  pombo = await startPombo()
  svix = new Svix(pombo.key, { serverUrl: pombo.url, numRetries: 0 })
})
afterAll(async () => await pombo?.stop())
beforeEach(async () => {
  appId = (await svix.application.create({ name: 'pushed' })).id
  const made = await call('POST', `/app/${appId}/polling-endpoint`, {
    name: 'p',
    eventTypes: ['d.*'],
  })
  sink = made.body.id as string
})

const bearer = (key = pombo.key) => ({ authorization: `Bearer ${key}` })
const call: TestPombo['api'] = (...given) => pombo.api(...given)
const send = async (from: number, to: number) => {
  for (let n = from; n <= to; n += 1)
    await svix.message.create(appId, { eventType: n % 10 === 0 ? 'x.a' : 'd.a', payload: { n } })
}
const path = (consumer = 'one') => `/api/v1/app/${appId}/poller/${sink}/consumer/${consumer}/stream`

const stream = (headers: Record<string, string> = {}, key = pombo.key) =>
  openStream(pombo.url + path(), { ...bearer(key), ...headers })
const told = ({ got }: EventStream) => got.filter(({ event }) => event === 'message')
const numbers = (events: EventStream) => told(events).map(({ data }) => data.payload.n as number)

interface Page {
  data: { payload: { n: number } }[]
  iterator: string
}

async function socket(query = '', headers = bearer(), consumer = 'one') {
  const opened = new WebSocket(`${pombo.url.replace('http', 'ws')}${path(consumer)}${query}`, {
    headers,
  })
  const pages: Page[] = []
  let closed: { code: number; reason: string } | undefined
  opened.on('message', (text: Buffer) => pages.push(JSON.parse(text.toString()) as Page))
  opened.on('close', (code, reason) => (closed = { code, reason: reason.toString() }))
  await new Promise((resolve, reject) => {
    opened.once('open', resolve)
    opened.once('error', reject)
  })
  return {
    opened,
    pages,
    closed: () => closed,
    numbers: () => pages.flatMap(({ data }) => data.map(({ payload }) => payload.n)),
    done: (page: Page) => opened.send(JSON.stringify({ iterator: page.iterator })),
  }
}

test('what a polling endpoint reads is pushed in order; with the last id it goes on behind', async () => {
  await send(8, 11)
  const first = await stream()
  expect(first.headers['content-type']).toContain('text/event-stream')
  await until(() => told(first).length === 3)
  await send(12, 13)
  await until(() => told(first).length === 5)
  expect(numbers(first)).toEqual([8, 9, 11, 12, 13])
  expect(told(first)[0]!.data).toMatchObject({ eventType: 'd.a', payload: { n: 8 }, headers: null })
  const [, second] = told(first)
  first.close()

  // Without a word of what is done with, all comes again.
  const again = await stream()
  await until(() => told(again).length === 5)
  again.close()
  const behind = await stream({ 'last-event-id': second!.id! })
  await until(() => told(behind).length === 3)
  expect(numbers(behind)).toEqual([11, 12, 13])
  behind.close()
  // And that is kept: also for who comes without it.
  const kept = await stream()
  await until(() => told(kept).length === 3)
  expect(numbers(kept)).toEqual([11, 12, 13])
  kept.close()
})

test('a WebSocket gets the next page when the last is acknowledged, and after a break what was not', async () => {
  await send(1, 5)
  // What was accepted is read three seconds later: all five are there at the first look.
  await sleep(3_100)
  const first = await socket('?limit=2')
  await until(() => first.pages.length === 1)
  expect(first.numbers()).toEqual([1, 2])
  first.done(first.pages[0]!)
  await until(() => first.pages.length === 2)
  expect(first.numbers()).toEqual([1, 2, 3, 4])
  // Gone without a goodbye, as a process that is killed.
  first.opened.terminate()

  const second = await socket()
  await until(() => second.pages.length === 1)
  expect(second.numbers()).toEqual([3, 4, 5])
  second.done(second.pages[0]!)
  await send(6, 6)
  await until(() => second.pages.length === 2)
  expect(second.numbers()).toEqual([3, 4, 5, 6])
  second.opened.terminate()
})

test('what is no acknowledgement closes the WebSocket and says what to say', async () => {
  for (const said of ['done', '{"iterator": 3}', '{"iterator": "msg_nonsense"}']) {
    const one = await socket()
    one.opened.send(said)
    await until(() => one.closed() !== undefined)
    expect(one.closed()).toMatchObject({
      code: 1008,
      reason: expect.stringContaining('iterator') as string,
    })
  }
})

test('neither is opened without a key, with another app’s, for what is not there', async () => {
  await expect(socket('', { authorization: 'Bearer nobody_0123456789' })).rejects.toThrow('401')
  await expect(socket('?limit=0')).rejects.toThrow('422')
  expect((await stream({}, 'nobody_0123456789')).status).toBe(401)
  expect((await stream({ 'last-event-id': 'msg_nonsense' })).status).toBe(422)
  const other = (await svix.application.create({ name: 'other' })).id
  const token = (await call('POST', `/auth/app-portal-access/${other}`, {})).body.token as string
  await expect(socket('', bearer(token))).rejects.toThrow('404')
  sink = 'nothing'
  expect((await stream()).status).toBe(404)
})

test('when the token is rotated or the polling endpoint deleted, both are told and closed', async () => {
  const tokenPath = `/auth/app/${appId}/poller/${sink}/token`
  const { token } = (await call('GET', tokenPath)).body as { token: string }
  const [events, web] = [await stream({}, token), await socket('', bearer(token), 'two')]
  const [kept, keptWeb] = [await stream(), await socket('', bearer(), 'three')]
  await call('POST', `${tokenPath}/rotate`, {})
  await events.ended
  expect(events.got.at(-1)).toMatchObject({
    event: 'end',
    data: { reason: expect.stringContaining('key') as string },
  })
  await until(() => web.closed()?.code === 1001)
  expect(keptWeb.closed()).toBeUndefined()

  await call('DELETE', `/app/${appId}/polling-endpoint/${sink}`)
  await kept.ended
  expect(kept.got.at(-1)!.event).toBe('end')
  await until(() => keptWeb.closed()?.code === 1001)
})

test('a node that stops says goodbye, and is not held up by who does not answer', async () => {
  const node = await startPombo({}, pombo.database)
  const at = (url: string) => url.replace(pombo.url, node.url)
  const events = await openStream(at(pombo.url + path()), bearer())
  const web = new WebSocket(at(pombo.url + path('two')).replace('http', 'ws'), {
    headers: bearer(),
  })
  await new Promise((resolve) => web.once('open', resolve))
  // A side that is there and says nothing, not even to the goodbye.
  const deaf = new WebSocket(at(pombo.url + path('three')).replace('http', 'ws'), {
    headers: bearer(),
  })
  await new Promise((resolve) => deaf.once('open', resolve))
  deaf.pause()
  const closed = new Promise<number>((resolve) => web.once('close', resolve))
  await node.app.stop()
  await events.ended
  expect(events.got.at(-1)).toMatchObject({
    event: 'end',
    data: { reason: 'this node is stopping' },
  })
  expect(await closed).toBe(1001)
  deaf.terminate()
})

test('a request that asks for h2c, as Java’s client does with each, is answered as if it had not', async () => {
  const body = JSON.stringify({ name: 'by Java' })
  const answer = await new Promise<string>((resolve, reject) => {
    const { hostname, port } = new URL(pombo.url)
    const raw = connect(Number(port), hostname, () =>
      raw.write(
        `POST /api/v1/app HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n` +
          `HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nAuthorization: Bearer ${pombo.key}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    )
    raw.once('data', (data) => {
      resolve(data.toString())
      raw.destroy()
    })
    raw.once('error', reject)
  })
  expect(answer).toContain('HTTP/1.1 201')
})

test('a WebSocket that asks for another path is answered by HTTP', async () => {
  const asked = new WebSocket(`${pombo.url.replace('http', 'ws')}/api/v1/app`, {
    headers: bearer(),
  })
  const error = await new Promise<Error>((resolve) => asked.once('error', resolve))
  expect(error.message).toContain('200')
})
