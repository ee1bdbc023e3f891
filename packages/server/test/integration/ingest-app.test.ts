// The whole of Pombo, wired as `pombo serve` wires it, with a gateway before it and a receiver behind it.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openLog } from '../../src/observe/log.ts'
import { capture } from '../support/captures.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let database: TestDatabase
let app: App
let receiver: Receiver
const key = 'a-key-of-the-first-tenant'
const lines: string[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  receiver = await startReceiver()
  const loaded = loadConfig({
    env: {
      DATABASE_URL: database.url,
      POMBO_LISTEN: '127.0.0.1:0',
      POMBO_API_KEY: key,
      POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
      POMBO_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
    },
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const log = openLog({ level: 'info', format: 'json', write: (line) => lines.push(line) })
  app = await startApp(loaded.config, { log })
})
afterAll(async () => {
  await app?.stop()
  await receiver?.close()
  await database?.drop()
})

async function call(method: string, path: string, body?: object) {
  const answer = await fetch(app.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return (await answer.json()) as Record<string, unknown>
}

test('a gateway is pointed at a URL, and what it sends is delivered, counted, and nowhere in the log', async () => {
  await call('POST', '/api/v1/app', { name: 'Loja', uid: 'loja' })
  await call('POST', '/api/v1/app/loja/endpoint', { url: receiver.url })
  const source = await call('POST', '/api/v1/app/loja/source', {
    gateway: 'evolution',
    mediaMinBytes: 1_024,
  })
  const ingestUrl = String(source['ingestUrl'])
  expect(ingestUrl).toMatch(new RegExp(`^${app.url}/ingest/evolution/loja\\?token=`))

  const { body, headers } = capture('evolution-2.3.7/messages-upsert-by-events')
  const message = JSON.parse(body) as { data: { message: { base64: string } } }
  const file = randomBytes(2_000)
  message.data.message.base64 = file.toString('base64')
  const taken = await fetch(ingestUrl, { method: 'POST', headers, body: JSON.stringify(message) })
  expect(await taken.json()).toEqual({ accepted: 1, duplicate: 0, filtered: 0, skipped: 0 })

  const [received] = await receiver.waitFor(1)
  const { content } = JSON.parse(received!.body) as {
    content: { media: { stored: { url: string } } }
  }
  const got = await fetch(content.media.stored.url)
  expect(Buffer.from(await got.arrayBuffer()).equals(file)).toBe(true)

  await until(async () => {
    const stats = await call('GET', `/api/v1/app/loja/source/${String(source['id'])}/stats`)
    return (
      (stats['deliveries'] as unknown as { delivered: number }).delivered === 1 &&
      stats['accepted'] === 1
    )
  })
  const log = lines.join('\n')
  expect(log).not.toContain(String(source['token']))
  expect(log).not.toContain('B6D711FCDE4D4FD5936544120E713976')
  expect(log).not.toContain('João')
})
