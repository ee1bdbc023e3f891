// The operator's lists: endpoints, messages by state, and sources, over all apps.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
let portal: string
let other: string
const messages: Record<string, string> = {}

beforeAll(async () => {
  pombo = await startPombo()
  receiver = await startReceiver(({ path }) => ({ status: path === '/bad' ? 500 : 200 }))
  for (const app of ['north', 'south']) {
    await call('POST', '/app', { name: `The ${app}`, uid: app })
    for (const [uid, settings] of Object.entries({
      good: { url: `${receiver.url}/good?${app}`, eventTypes: ['good', 'lonely'] },
      bad: { url: `${receiver.url}/bad`, eventTypes: ['bad'], retrySchedule: [] },
      slow: { url: `${receiver.url}/slow`, eventTypes: ['slow'], description: 'Slowly' },
      off: { url: `${receiver.url}/off`, eventTypes: ['off'], disabled: true },
    }))
      await call('POST', `/app/${app}/endpoint`, { uid, ...settings })
    await call('POST', `/app/${app}/endpoint/slow/pause`)
    await call('POST', `/app/${app}/source`, { gateway: 'waha', name: `waha ${app}` })
    for (const eventType of ['good', 'bad', 'slow', 'off', 'nobody'])
      messages[`${app} ${eventType}`] = (
        await call('POST', `/app/${app}/msg`, { eventType, payload: {} })
      ).body.id
  }
  portal = (await call('POST', '/auth/app-portal-access/south')).body.token
  other = (await call('POST', '/tenant', { name: 'other' })).body.key
})
afterAll(async () => {
  await pombo?.stop()
  await receiver?.close()
})

const call: TestPombo['api'] = (...given) => pombo.api(...given)

const named = ({ appUid, uid }: { appUid: string; uid: string }) => `${appUid} ${uid}`

test('endpoints are found over all apps by text and state, with their health and what waits', async () => {
  const found = async (query: string, key?: string) =>
    (await call('GET', `/search/endpoint?${query}`, undefined, key)).body.data
  await until(async () => (await found('state=failing')).length === 2)
  expect((await found('state=failing')).map(named)).toEqual(['south bad', 'north bad'])
  expect((await found('state=disabled&app_id=north')).map(named)).toEqual(['north off'])
  expect((await found('q=SLOWLY')).map(named)).toEqual(['south slow', 'north slow'])
  expect((await found('q=good%3Fnorth')).map(named)).toEqual(['north good'])
  const [slow] = await found('q=slowly&app_id=south')
  expect((await found('event_type=lonely')).map(named)).toEqual(['south good', 'north good'])
  expect(slow).toMatchObject({ state: 'paused', waiting: 1, appName: 'The south' })
  expect((await found(`q=${slow.id}`)).map(named)).toEqual(['south slow'])
  expect(await found('', portal)).toHaveLength(4)
  expect(await found(`q=${slow.id}`, other)).toEqual([])
  const good = await until(async () => {
    const [one] = await found('q=good%3Fnorth')
    return one.lastHour.attempts > 0 && one
  })
  expect(good.lastHour).toMatchObject({ attempts: 1, failedAttempts: 0 })
  expect(
    good.lastHour.points.reduce(
      (sum: number, one: { deliveries: number }) => sum + one.deliveries,
      0,
    ),
  ).toBe(1)
})

test('who gets a type’s messages is found as messages find them: by name, by prefix, or without a choice', async () => {
  await call('POST', '/app', { name: 'types', uid: 'types' })
  const chosen = {
    all: null,
    star: ['*'],
    exact: ['order.paid'],
    prefix: ['x', 'order.*'],
    other: ['order.paid.late', 'paid'],
    deeper: ['order.paid.*'],
  }
  for (const [uid, eventTypes] of Object.entries(chosen))
    await call('POST', '/app/types/endpoint', { uid, url: `${receiver.url}/slow`, eventTypes })
  const query = '/search/endpoint?app_id=types&event_type=order.paid'
  const found = (await call('GET', query)).body.data.map(({ uid }: { uid: string }) => uid)
  expect(found.toSorted()).toEqual(['all', 'exact', 'prefix', 'star'])
  await call('POST', '/app/types/msg', { eventType: 'order.paid', payload: {} })
  const sent = (await call('GET', '/app/types/msg?limit=1')).body.data[0]
  const { data } = (await call('GET', `/app/types/msg/${sent.id}/endpoint`)).body
  expect(data.map(({ uid }: { uid: string }) => uid).toSorted()).toEqual(found.toSorted())
  await call('DELETE', '/app/types')
})

test('the list of endpoints goes on by its iterator, without a gap', async () => {
  const seen: string[] = []
  for (let iterator = ''; ; ) {
    const { body } = await call('GET', `/search/endpoint?limit=3${iterator}`)
    seen.push(...body.data.map(named))
    if (body.done) break
    iterator = `&iterator=${body.iterator}`
  }
  expect(seen).toHaveLength(8)
  expect(new Set(seen).size).toBe(8)
})

test.each([
  ['delivered', 'good'],
  ['exhausted', 'bad'],
  ['waiting', 'slow'],
  ['discarded', 'off'],
  ['unmatched', 'nobody'],
])('messages are found over all apps by the state %s', async (state, type) => {
  const wanted = [messages[`south ${type}`], messages[`north ${type}`]]
  const found = async () => {
    const { body, text } = await call('GET', `/search/message?state=${state}`)
    expect(body.data, text).toBeDefined()
    return body.data.map(({ id }: { id: string }) => id)
  }
  await until(async () => (await found()).length === 2)
  expect(await found()).toEqual(wanted)
})

test('sources of all apps are listed to the account alone', async () => {
  const { body } = await call('GET', '/source?limit=1')
  expect(body).toMatchObject({ done: false, data: [{ appUid: 'south', sessionCount: 1 }] })
  expect(body.data[0].url).toBe(`${pombo.url}/ingest/waha/south`)
  const rest = await call('GET', `/source?iterator=${body.iterator}`)
  expect(rest.body).toMatchObject({ done: true, data: [{ appUid: 'north' }] })
  expect((await call('GET', '/source', undefined, other)).body.data).toEqual([])
  expect((await call('GET', '/source', undefined, portal)).status).toBe(403)
})
