// Messages that several processes read as one consumer, on a lease, by the official client's consumer.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ApiException, AutoConfigConsumer, Svix } from 'svix'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

let pombo: TestPombo
let svix: Svix
let appId: string
let sinkId: string
let reader: AutoConfigConsumer

beforeAll(async () => {
  pombo = await startPombo()
  svix = new Svix(pombo.key, { serverUrl: pombo.url, numRetries: 0 })
})
afterAll(() => pombo.stop())
beforeEach(async () => {
  appId = (await svix.application.create({ name: 'leased' })).id
  sinkId = await poller()
  reader = await readerOf(sinkId)
})

const call: TestPombo['api'] = (...given) => pombo.api(...given)
const poller = async (more: object = {}): Promise<string> =>
  (await call('POST', `/app/${appId}/polling-endpoint`, { name: 'p', ...more })).body.id as string
const send = (n: number, eventType = 'd.a') =>
  svix.message.create(appId, { eventType, payload: { n } })

/** As the client makes one of the token that it is handed. */
async function readerOf(id: string): Promise<AutoConfigConsumer> {
  const { body } = await call('GET', `/auth/app/${appId}/poller/${id}/token`)
  const told = { aid: appId, eid: id, surl: pombo.url, esec: 'whsec_AAAA', tok: body.token }
  const token = `auto_v1_${Buffer.from(JSON.stringify(told)).toString('base64')}`
  return new AutoConfigConsumer(token, {})
}

type Page = Awaited<ReturnType<AutoConfigConsumer['receive']>>
type Options = Parameters<AutoConfigConsumer['receive']>[1]
const numbers = ({ data }: Page) => data.map(({ payload }) => (payload as { n: number }).n)
const offsets = ({ data }: Page) => data.map(({ offset }) => offset)
const refusal = async (promise: Promise<unknown>) =>
  await promise.then(
    () => undefined,
    (error: unknown) => (error as ApiException<unknown>).code,
  )
/** Asks until there are as many. */
const receive = async (many: number, name = 'one', options: Options = {}) =>
  await until(async () => {
    const page = await reader.receive(name, options)
    if (page.data.length === many) return page
    // Fewer were there yet: they are given back by setting the place to where it was.
    if (page.data.length > 0) await backToStart(name)
    return undefined
  })
const backToStart = async (name: string) =>
  await svix.message.poller.consumerSeek(appId, sinkId, name, { after: new Date(0) })

test('what one process was given no other gets, until it is committed; then comes what is next', async () => {
  for (const n of [1, 2, 3]) await send(n)
  const first = await receive(2, 'one', { limit: 2 })
  expect([numbers(first), first.done]).toEqual([[1, 2], false])
  const [one, two] = offsets(first) as [number, number]
  expect(two).toBe(one + 1)
  // Another process of the same consumer, and another consumer.
  const meanwhile = await reader.receive('one')
  expect([meanwhile.data, meanwhile.done]).toEqual([[], false])
  expect(numbers(await receive(3, 'other'))).toEqual([1, 2, 3])
  await reader.commit('one', one)
  expect((await reader.receive('one')).data).toEqual([])
  await reader.commit('one', two)
  const rest = await receive(1)
  expect([numbers(rest), offsets(rest)]).toEqual([[3], [two + 1]])
  // Again, and one from before: nothing moves.
  await reader.commit('one', one)
  await reader.commit('one', two + 1)
  await reader.commit('one', two + 1)
  const none = await reader.receive('one')
  expect([none.data, none.done]).toEqual([[], true])
})

test('what was not committed comes again when the lease is over, under the same offsets', async () => {
  for (const n of [1, 2]) await send(n)
  const first = await receive(2, 'one', { leaseDurationMs: 1 })
  await reader.commit('one', offsets(first)[0]!)
  const again = await receive(1, 'one', { leaseDurationMs: 1 })
  expect([numbers(again), offsets(again)]).toEqual([[2], [offsets(first)[1]]])
  // Its lease is over too; whoever worked at it may still commit it.
  await reader.commit('one', offsets(again)[0]!)
  expect((await reader.receive('one')).data).toEqual([])
})

test('what comes again in smaller parts keeps its offsets, and each part ends with its own last', async () => {
  for (const n of [1, 2, 3]) await send(n)
  const first = offsets(await receive(3, 'one', { leaseDurationMs: 1 }))
  const part = await receive(1, 'one', { limit: 1 })
  expect(offsets(part)).toEqual(first.slice(0, 1))
  await reader.commit('one', first[0]!)
  const rest = await receive(2)
  expect([numbers(rest), offsets(rest)]).toEqual([[2, 3], first.slice(1)])
  await reader.commit('one', first[2]!)
  await send(4)
  expect(offsets(await receive(1))).toEqual([first[2]! + 1])
})

test('what was given out before a smaller part is committed by who worked at it', async () => {
  for (const n of [1, 2, 3]) await send(n)
  const first = offsets(await receive(3, 'one', { leaseDurationMs: 1 }))
  await receive(1, 'one', { limit: 1 })
  await reader.commit('one', first[2]!)
  const none = await reader.receive('one')
  expect([none.data, none.done]).toEqual([[], true])
})

test('two that ask at once do not get the same', async () => {
  await send(1)
  await receive(1, 'look')
  const pages = await Promise.all([1, 2, 3, 4].map(() => reader.receive('one')))
  expect(pages.flatMap(numbers)).toEqual([1])
})

test('a consumer begins with the oldest, or with what comes from now on', async () => {
  await send(1)
  await receive(1)
  expect((await reader.receive('late', { startingPosition: 'latest' as never })).data).toEqual([])
  await send(2)
  expect(numbers(await receive(1, 'late', { startingPosition: 'earliest' as never }))).toEqual([2])
})

test('events that are not for it are passed over, and the place moves behind them', async () => {
  sinkId = await poller({ eventTypes: ['x.y'] })
  reader = await readerOf(sinkId)
  await send(1)
  await send(2, 'x.y')
  expect(numbers(await receive(1))).toEqual([2])
})

test('setting the place back ends the lease; offsets given out before change nothing any more', async () => {
  for (const n of [1, 2]) await send(n)
  const first = await receive(2)
  await backToStart('one')
  await reader.commit('one', offsets(first)[1]!)
  expect(numbers(await reader.receive('one'))).toEqual([1, 2])
})

test('an offset that was never given out is refused with the greatest that was', async () => {
  await send(1)
  const path = `/app/${appId}/polling-endpoint/${sinkId}/consumer/one/commit`
  const before = await call('POST', path, { offset: 1 })
  expect([before.status, before.body.detail[0].loc]).toEqual([422, ['body', 'offset']])
  const [offset] = offsets(await receive(1))
  const beyond = await call('POST', path, { offset: offset! + 1 })
  expect(beyond.body.detail[0].msg).toContain(`the greatest that it was given is ${offset!}`)
  expect((await call('POST', path, { offset: -1 })).status).toBe(422)
})

test('a token of another polling endpoint reads and commits nothing here', async () => {
  const other = await readerOf(await poller())
  await send(1)
  const page = await receive(1)
  const stranger = Object.assign(other, { sinkId }) as AutoConfigConsumer
  expect(await refusal(stranger.receive('one'))).toBe(404)
  expect(await refusal(stranger.commit('one', offsets(page)[0]!))).toBe(404)
})
