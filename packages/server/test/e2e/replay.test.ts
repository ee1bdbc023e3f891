import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { showId } from '../../src/core/id.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { endAll, pombo } from './cli-process.ts'

let api: TestApi
let receiver: Receiver
let folder: string
let app: string

beforeAll(async () => {
  api = await startApi()
  receiver = await startReceiver()
  folder = await mkdtemp(join(tmpdir(), 'pombo-replay-'))
})
afterAll(async () => {
  await api.stop()
  await receiver.close()
  await rm(folder, { recursive: true, force: true })
})
afterEach(endAll)

/** An app with an endpoint that missed some messages, since it was disabled. */
beforeEach(async () => {
  app = `app-${performance.now()}`.replace('.', '-')
  const { id } = await api.node.registry.apps.create(api.tenantId, { name: 'shop', uid: app })
  const scope = { tenantId: api.tenantId, appId: id }
  await api.node.registry.endpoints.create(scope, { url: receiver.url, uid: 'e', disabled: true })
  await api.node.engine.ingest.acceptMany(
    Array.from({ length: 60 }, (_, n) => ({
      ...scope,
      eventType: n % 2 === 0 ? 'order.paid' : 'other',
      payload: JSON.stringify({ n }),
    })),
  )
  await api.node.registry.endpoints.enable(scope, 'e')
  receiver.received.length = 0
})

const start = (...args: string[]) =>
  pombo(['replay', ...args], { POMBO_SERVER_URL: api.url, POMBO_API_KEY: api.key }, { cwd: folder })
async function run(...args: string[]) {
  const process = start(...args)
  const code = await process.ended()
  return { code, out: process.stdout(), err: process.stderr() }
}
const phaseOf = async (id: string) =>
  (await api.call('GET', `/api/v1/background-task/${id}`)).body.data.phase as string

test('a dry run says how much it would be and sends nothing; the real one sends it and says so', async () => {
  const what = [
    '--app',
    app,
    '--since',
    '1h',
    '--event-type',
    'order.*',
    '--filter',
    'payload.n < 20',
  ]
  expect(await run(...what, '--dry-run')).toMatchObject({
    code: 0,
    out: '10 deliveries would be sent again. Nothing was changed.\n',
  })
  expect(receiver.received).toHaveLength(0)
  const done = await run(...what)
  expect(done).toMatchObject({
    code: 0,
    out: expect.stringContaining('10 deliveries opened again'),
  })
  expect(done.err).toMatch(/^Replay qtask_\w+ has begun\.\n/)
  // Not a terminal: lines, and nothing that paints.
  expect(done.err).not.toContain('\x1b')
  await receiver.waitFor(10)
})

test('Ctrl-C leaves it to Pombo and says how to watch it and how to cancel it, which both work', async () => {
  const first = start('--app', app, '--since', '1h', '--rate', '10')
  const [, id] = await first.printed(/Replay (qtask_\w+) has begun/)
  await first.printed(/of 60/)
  first.child.kill('SIGINT')
  expect(await first.ended()).toBe(130)
  expect(first.stderr()).toContain(
    `"pombo replay --watch ${id}" shows it again, "pombo replay --cancel ${id}" ends it.`,
  )
  expect(await phaseOf(id!)).toBe('opening')
  const watching = start('--watch', id!)
  await watching.printed(/of 60/)
  expect(await run('--cancel', id!)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/is canceled: \d+ deliveries opened/),
  })
  expect(await watching.ended()).toBe(1)
  expect(watching.stdout()).toContain('is canceled')
  expect(await phaseOf(id!)).toBe('canceled')
})

test.each([
  [[], '--since is missing'],
  [['--since', 'yesterday'], 'neither a time with its offset nor a duration'],
  [['--since', '2026-01-31'], 'neither a time'],
  [['--since', '1h', '--until', '2h'], '--until lies before --since'],
  [['--since', '1h', '--rate', '0'], 'less than 1'],
  [['--since', '1h', '--status', 'pending'], 'none of them'],
  [['--watch', 'msg_1'], 'the id of a replay'],
  [['--watch', 'qtask_1', '--cancel', 'qtask_1'], 'cannot go together'],
])('pombo replay %j is refused with the reason', async (args, reason) => {
  const { code, err } = await run(...args)
  expect(code).toBe(2)
  expect(err).toContain(reason)
})

test("Pombo's refusal is shown in its own words", async () => {
  expect(await run('--app', 'nobody', '--since', '1h')).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no app "nobody" here'),
  })
  expect(await run('--since', '1h', '--filter', 'payload. ==')).toMatchObject({
    code: 1,
    err: expect.stringContaining('body.payloadFilter'),
  })
  expect(
    await run('--cancel', showId('job', '00000000-0000-7000-8000-000000000000')),
  ).toMatchObject({
    code: 1,
    err: expect.stringContaining('background task'),
  })
})
