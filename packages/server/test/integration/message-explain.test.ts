// Who got a message, who did not and why, and what exactly was sent.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let pombo: TestPombo
let receiver: Receiver
const ids: Record<string, string> = {}

const endpoints = {
  all: {},
  type: { eventTypes: ['order.paid'] },
  channel: { channels: ['north'] },
  filter: { filter: 'payload.amount > 100' },
  broken: { filter: 'payload.missing.member == 1' },
  disabled: { disabled: true },
  paused: {},
}

beforeAll(async () => {
  pombo = await startPombo()
  receiver = await startReceiver()
  await call('POST', '/app', { name: 'shop', uid: 'shop' })
  for (const [uid, settings] of Object.entries(endpoints)) {
    const made = await call('POST', '/app/shop/endpoint', { url: receiver.url, uid, ...settings })
    ids[uid] = made.body.id
  }
  await call('POST', '/app/shop/endpoint/paused/pause')
})
afterAll(async () => {
  await pombo?.stop()
  await receiver?.close()
})

const call: TestPombo['api'] = (...given) => pombo.api(...given)

async function send(body: object): Promise<string> {
  const sent = await call('POST', '/app/shop/msg', { eventType: 'order.made', ...body })
  expect(sent.status, sent.text).toBe(202)
  return sent.body.id
}

async function attempted(message: string): Promise<string> {
  const path = `/app/shop/attempt/msg/${message}?endpoint_id=all`
  await until(async () => (await call('GET', path)).body.data.length === 1)
  return (await call('GET', path)).body.data[0].id
}

describe('who got a message', () => {
  test('each endpoint is told of, with the reason, page by page', async () => {
    const message = await send({ payload: { amount: 5 } })
    await attempted(message)
    await call('POST', '/app/shop/endpoint', { url: receiver.url, uid: 'late' })
    await call('PATCH', '/app/shop/endpoint/type', { description: 'changed' })
    const found: Record<string, unknown>[] = []
    let iterator = ''
    for (;;) {
      const { body } = await call('GET', `/app/shop/msg/${message}/explain?limit=3${iterator}`)
      found.push(...body.data)
      if (body.done) break
      iterator = `&iterator=${body.iterator}`
    }
    const of = (uid: string) => found.find(({ endpointId }) => endpointId === ids[uid])
    expect(found).toHaveLength(8)
    expect(of('all')).toMatchObject({ got: true, because: 'delivered', statusText: 'success' })
    expect(of('type')).toMatchObject({
      got: false,
      because: 'event-type',
      setting: ['order.paid'],
      changedSince: true,
    })
    expect(of('channel')).toMatchObject({ because: 'channel', setting: ['north'] })
    expect(of('filter')).toMatchObject({ because: 'filter', setting: 'payload.amount > 100' })
    expect(of('filter')).toMatchObject({ reason: null, changedSince: false, statusText: null })
    expect(of('broken')).toMatchObject({
      reason: 'No such key: missing',
      reasonCoded: { code: 'cel_no_key', values: { name: 'missing' } },
    })
    expect(of('disabled')).toMatchObject({
      because: 'not-sent',
      reason: 'not sent: endpoint disabled',
      reasonCoded: { code: 'not_sent_disabled', values: {} },
    })
    expect(of('paused')).toMatchObject({ got: true, because: 'paused', statusText: 'pending' })
    expect(found.at(-1)).toMatchObject({ got: false, because: 'newer' })
  })

  test('a portal of another app learns nothing', async () => {
    const message = await send({ payload: {} })
    await call('POST', '/app', { name: 'other', uid: 'other' })
    const { token } = (await call('POST', '/auth/app-portal-access/other')).body
    for (const app of ['shop', 'other']) {
      const { status } = await call('GET', `/app/${app}/msg/${message}/explain`, undefined, token)
      expect(status, app).not.toBe(200)
    }
  })
})

describe('what was sent', () => {
  const request = async (message: string, attempt: string) =>
    await call('GET', `/app/shop/msg/${message}/attempt/${attempt}/request`)

  test('is the request to the byte, its signature checks, and no secret header is told', async () => {
    await call('PUT', '/app/shop/endpoint/all/headers', {
      headers: { Authorization: 'Bearer hidden-1', 'X-Shop': 'seen' },
    })
    const message = await send({ payload: { n: 1, text: 'Olá' } })
    const { status, body, text } = await request(message, await attempted(message))
    expect(status, text).toBe(200)
    const arrived = receiver.received.find(({ headers }) => headers['webhook-id'] === message)!
    expect(body.body).toBe(arrived.body)
    expect(text).not.toContain('hidden-1')
    for (const { name, value } of body.headers)
      if (name === 'authorization') expect(value).toBeNull()
      else expect(arrived.headers[name], name).toBe(value)
    expect(body.headers).toContainEqual({ name: 'x-shop', value: 'seen' })
    expect(body.doubts).toEqual([])
    // The same, in the shape of the clients' `getHeaders`.
    const path = `/app/shop/msg/${message}/attempt/${await attempted(message)}/headers`
    const { sentHeaders, sensitive, ...rest } = (await call('GET', path)).body
    expect(sensitive).toEqual(['authorization'])
    expect(arrived.headers).toMatchObject(sentHeaders)
    expect(sentHeaders).toHaveProperty('webhook-signature')
    expect(rest).toEqual({ responseHeaders: [], doubts: [] })

    const { content, prefix, key, value } = body.signature
    const signed = content.replace(/\{([\w-]+)\}/g, (_: string, name: string) =>
      name === 'body' ? arrived.body : arrived.headers[name],
    )
    const secret = (await call('GET', '/app/shop/endpoint/all/secret')).body.key
    expect(key).toBe('base64')
    const mac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    expect(value).toBe(`${prefix}${mac.update(signed).digest('base64')}`)
  })

  test('says that it may differ where the endpoint was changed since, and that a deleted payload is gone', async () => {
    const message = await send({ payload: { n: 2 } })
    const attempt = await attempted(message)
    await call('PATCH', '/app/shop/endpoint/all', { transform: { payload: '{"m": payload.n}' } })
    const changed = (await request(message, attempt)).body
    expect(changed).toMatchObject({ body: '{"m":2}', doubts: ['endpoint-changed'] })
    await call('DELETE', `/app/shop/msg/${message}/content`)
    expect((await request(message, attempt)).body).toMatchObject({ code: 'payload_gone' })
  })
})
