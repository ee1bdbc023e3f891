// An event type with a flag, to a token that does not have it, is as one that there is not: to the byte.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestPombo, startPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

const hidden = 'vault.opened'
const absent = 'vault.closed'
const schema = { type: 'object', examples: [{ told: 'of the vault' }] }

let pombo: TestPombo
let receiver: Receiver
/** Tokens of the app: without flags, with another, and with that of the type. */
let none: string
let other: string
let beta: string

beforeAll(async () => {
  pombo = await startPombo()
  receiver = await startReceiver()
  await pombo.api('POST', '/app', { name: 'a', uid: 'a' })
  await pombo.api('POST', '/event-type', { name: 'order.paid', description: '' })
  await pombo.api('POST', '/event-type', {
    name: hidden,
    description: '',
    featureFlag: 'beta',
    schemas: { 1: schema },
  })
  const token = async (featureFlags?: string[]): Promise<string> =>
    (await pombo.api('POST', '/auth/app-portal-access/a', { featureFlags })).body.token
  ;[none, other, beta] = await Promise.all([token(), token(['x']), token(['x', 'beta'])])
  await pombo.api('POST', '/app/a/endpoint', { uid: 'e', url: receiver.url })
  await pombo.api('POST', '/app/a/polling-endpoint', { uid: 'p', name: 'p' })
})
afterAll(async () => {
  await receiver?.close()
  await pombo?.stop()
})

/** A request that names an event type. */
type Asked = [method: string, path: string, body?: (name: string) => object]

const url = () => receiver.url
const requests: Asked[] = [
  ['GET', '/event-type/NAME'],
  ['GET', '/event-type/NAME/retry-schedule'],
  ['GET', '/event-type?iterator=type_NAME&include_archived=true'],
  ['POST', '/app/a/endpoint', (name) => ({ url: url(), eventTypes: ['order.paid', name] })],
  ['POST', '/app/a/endpoint', (name) => ({ url: url(), filterTypes: [name] })],
  ['PUT', '/app/a/endpoint/e', (name) => ({ url: url(), filterTypes: [name] })],
  ['PUT', '/app/a/endpoint/NAME', (name) => ({ url: url(), filterTypes: [name] })],
  ['PATCH', '/app/a/endpoint/e', (name) => ({ eventTypes: [name] })],
  ['POST', '/app/a/polling-endpoint', (name) => ({ name: 'q', eventTypes: [name] })],
  ['PATCH', '/app/a/polling-endpoint/p', (name) => ({ filterTypes: [name] })],
  [
    'POST',
    '/app/a/template/slack/endpoint',
    (name) => ({
      values: { url: 'https://hooks.slack.com/services/T0/B0/x' },
      eventTypes: [name],
    }),
  ],
  ['PATCH', '/sessions/a', (name) => ({ webhook_url: url(), webhook_events: [name] })],
  ['POST', '/app/a/endpoint/e/send-example', (name) => ({ eventType: name })],
  ['POST', '/app/a/endpoint/e/send-example', (name) => ({ eventType: name, exampleIndex: 0 })],
]

/** Status and text, with the name and what is new in each answer taken out. */
async function answer([method, path, body]: Asked, name: string, key: string) {
  const { status, text } = await pombo.api(method, path.replace('NAME', name), body?.(name), key)
  const same = text
    .replaceAll(name, 'NAME')
    .replaceAll(/msg_\w{26}/g, 'msg_')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
  return { status, text: same }
}

test.each(requests)('%s %s', async (...asked) => {
  for (const token of [none, other])
    expect(await answer(asked, hidden, token)).toEqual(await answer(asked, absent, token))
})

test('who has the flag, and the tenant, see it and may ask for it', async () => {
  for (const key of [beta, pombo.key]) {
    const body = { url: url(), eventTypes: [hidden] }
    expect((await pombo.api('POST', '/app/a/endpoint', body, key)).status).toBe(201)
    expect((await pombo.api('GET', `/event-type/${hidden}`, undefined, key)).status).toBe(200)
    const example = '/app/a/endpoint/e/send-example'
    const sent = await pombo.api('POST', example, { eventType: hidden }, key)
    expect(sent.body.payload).toEqual({ told: 'of the vault' })
    const webhook = { webhook_url: url(), webhook_events: [hidden] }
    expect((await pombo.api('PATCH', '/sessions/a', webhook, key)).status).toBe(200)
  }
})

test('what the tenant had an endpoint ask for, its customer can leave as it is', async () => {
  await pombo.api('PATCH', '/app/a/endpoint/e', { eventTypes: [hidden] })
  await pombo.api('PATCH', '/app/a/polling-endpoint/p', { eventTypes: [hidden] })
  const eventTypes = [hidden, 'order.paid']
  const put = { url: url(), eventTypes }
  for (const [method, path, body] of [
    ['PUT', '/app/a/endpoint/e', put],
    ['PATCH', '/app/a/endpoint/e', { eventTypes }],
    ['PATCH', '/app/a/polling-endpoint/p', { eventTypes }],
  ] as const)
    expect([method, path, (await pombo.api(method, path, body, none)).status]).toEqual([
      method,
      path,
      200,
    ])
  await pombo.api('PATCH', '/app/a/endpoint/e', { eventTypes: null })
  const again = await pombo.api('PATCH', '/app/a/endpoint/e', { eventTypes: [hidden] }, none)
  expect(again.status).toBe(422)
})
