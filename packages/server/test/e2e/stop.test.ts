import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { type CliProcess, endAll, pombo } from './cli-process.ts'

const apiKey = 'a-key-for-tests-0123456789'
let folder: string
let receiver: Receiver

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-stop-'))
  receiver = await startReceiver()
})
afterEach(async () => {
  await endAll()
  await receiver.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

async function serve(): Promise<{ process: CliProcess; url: string }> {
  const process = pombo(
    ['serve', '--data-dir', join(folder, 'data')],
    {
      POMBO_LISTEN: '127.0.0.1:0',
      POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
      POMBO_API_KEY: apiKey,
      POMBO_LOG_LEVEL: 'warn',
    },
    { cwd: folder },
  )
  const [, url] = await process.printed(/Pombo listens at (http:\S+)/)
  return { process, url: url! }
}

async function call<T>(url: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return JSON.parse(text) as T
}

test('SIGTERM: what is in flight is finished and recorded, nothing is sent twice, and a second start delivers the rest', async () => {
  const first = await serve()
  const app = await call<{ id: string }>(first.url, 'POST', '/app', { name: 'test' })
  await call(first.url, 'POST', `/app/${app.id}/endpoint`, { url: receiver.url, maxInFlight: 4 })
  receiver.answer = () => ({ delayMs: 500 })
  const sent = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      call<{ id: string }>(first.url, 'POST', `/app/${app.id}/msg`, {
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
