import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { call, folderPerTest, serve as serveIn } from './served.ts'

let receiver: Receiver

beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  await receiver.close()
})
const folder = folderPerTest()
const serve = async () => await serveIn(folder(), { POMBO_DATA_DIR: join(folder(), 'data') })

test('SIGTERM: what is in flight is finished and recorded, none sent twice; a second start has the rest', async () => {
  const first = await serve()
  const app = await call(first.url, 'POST', '/app', { name: 'test' })
  await call(first.url, 'POST', `/app/${app.id}/endpoint`, { url: receiver.url, maxInFlight: 4 })
  receiver.answer = () => ({ delayMs: 500 })
  const sent = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      call(first.url, 'POST', `/app/${app.id}/msg`, {
        eventType: 'message.received',
        payload: { n },
      }),
    ),
  )
  const ids = () => receiver.received.map(({ headers }) => String(headers['webhook-id']))
  await receiver.waitFor(4)
  first.process.child.kill('SIGTERM')
  expect(await first.process.ended()).toBe(0)
  expect(first.process.stderr()).toContain('everything in flight was finished and recorded')
  const finished = ids()
  expect(finished.length).toBeLessThan(20)

  receiver.answer = () => ({})
  const second = await serve()
  await receiver.waitFor(20)
  const delivered = async (id: string) => {
    const { data } = await call<{ data: { status: number }[] }>(
      second.url,
      'GET',
      `/app/${app.id}/msg/${id}/endpoint`,
    )
    return data[0]?.status === 0
  }
  await until(async () => (await Promise.all(sent.map(({ id }) => delivered(id)))).every(Boolean))
  expect(ids().toSorted()).toEqual(sent.map(({ id }) => id).toSorted())
})
