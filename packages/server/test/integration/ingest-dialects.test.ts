// One event of a gateway, from the socket it came by to six receivers that each speak another dialect.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dialectNames } from '../../src/core/endpoint.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { capture } from '../support/captures.ts'
import { openSession, postCapture } from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi()
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

test('a message that a gateway sent once leaves in all six dialects', async () => {
  const session = await openSession(api, undefined, 'evolution')
  for (const dialect of dialectNames) {
    const made = await api.call('POST', `/api/v1/app/${session.app}/endpoint`, {
      body: { url: `${receiver.url}/${dialect}`, dialect },
    })
    expect(made.status).toBe(201)
  }
  await postCapture(api, capture('evolution-2.3.7/messages-upsert-by-events'), session.token)
  await until(() => receiver.received.length >= dialectNames.length)
  const bodies = new Map(
    receiver.received.map(({ path, body }) => [
      path.split('/')[1],
      JSON.parse(body) as Record<string, Record<string, unknown>>,
    ]),
  )
  expect(new Set(bodies.keys())).toEqual(new Set<unknown>(dialectNames))
  expect([bodies.get('standard')]).toEqual(await session.events())
  expect(bodies.get('evolution')).toMatchObject({
    event: 'messages.upsert',
    instance: 'loja',
    data: { key: { id: '3EB0C10002' }, pushName: 'João' },
  })
  expect(bodies.get('zaphub')).toMatchObject({ event: 'message.received', sessionId: 'loja' })
  expect(bodies.get('whatsmeow')).toMatchObject({ event: 'message' })
  for (const name of ['device-status', 'agentes'])
    expect(JSON.stringify(bodies.get(name))).toContain('3EB0C10002')
})
