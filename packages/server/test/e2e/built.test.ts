import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { endAll, pombo } from './cli-process.ts'

const root = join(import.meta.dirname, '../../../..')
const built = join(root, 'packages/server/dist/main.js')
let folder: string
let receiver: Receiver

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-built-'))
  receiver = await startReceiver()
  await promisify(execFile)(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root })
}, 120_000)
afterEach(endAll)
afterAll(async () => {
  await receiver?.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
})

test('the built server migrates a new database, transforms in its worker, and delivers', async () => {
  const apiKey = 'a-key-for-tests-0123456789'
  const child = pombo(
    ['serve', '--data-dir', join(folder, 'data')],
    { POMBO_LISTEN: '127.0.0.1:0', POMBO_ALLOW_SUBNETS: '127.0.0.0/8', POMBO_API_KEY: apiKey },
    { cwd: folder, main: built },
  )
  const [, url] = await child.printed(/Pombo listens at (http:\S+)/)
  const post = async (path: string, body: object) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.ok, await response.clone().text()).toBe(true)
    return (await response.json()) as { id: string }
  }
  const app = await post('/app', { name: 'built' })
  await post(`/app/${app.id}/endpoint`, {
    url: receiver.url,
    transform: { payload: '{"double": payload.n + payload.n}' },
  })
  await post(`/app/${app.id}/msg`, { eventType: 'a.b', payload: { n: 21 } })
  const [got] = await receiver.waitFor(1)
  expect(JSON.parse(got!.body)).toEqual({ double: 42 })
})
