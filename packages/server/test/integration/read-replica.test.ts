// Lists and statistics from a standby that is never too far behind, and from the primary where it is.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Pair } from '../../bench/chaos/pair.ts'
import { type App, startApp } from '../../src/app.ts'
import { replicaFindings } from '../../src/cli/doctor/replica.ts'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { openLog } from '../../src/observe/log.ts'
import { freePort } from '../support/free-port.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const apiKey = 'replica_0123456789abcdef0123456789'
let folder: string
let pair: Pair
let app: App
let receiver: Receiver
let config: Config
let appId: string
let endpointId: string
const lines: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pombo-replica-'))
  pair = await Pair.open(folder, '127.0.0.1', [await freePort(), await freePort()])
  await pair.fresh('kept')
  // What is asked waits for the standby's disk, and not for its being read.
  await pair.primary.set('synchronous_commit', 'on')
  receiver = await startReceiver()
  const loaded = loadConfig({
    env: {
      DATABASE_URL: pair.primary.url('kept'),
      POMBO_READ_DATABASE_URL: pair.standby.url('kept'),
      POMBO_READ_MAX_LAG_MS: '1s',
      POMBO_DATA_DIR: folder,
      POMBO_API_KEY: apiKey,
      POMBO_LISTEN: '127.0.0.1:0',
      POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
    },
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  config = loaded.config
  app = await startApp(config, {
    log: openLog({ level: 'info', format: 'json', write: (line) => void lines.push(line) }),
  })
  ;({ id: appId } = (await call('POST', '/app', { name: 'kept' })).body as { id: string })
  const made = await call('POST', `/app/${appId}/endpoint`, { url: receiver.url })
  endpointId = (made.body as { id: string }).id
}, 120_000)

afterAll(async () => {
  await app?.stop()
  await receiver?.close()
  await pair?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

interface Answer {
  status: number
  /** null: from the primary. */
  lag: string | null
  body: unknown
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${app.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const lag = answer.headers.get('pombo-read-lag-ms')
  return { status: answer.status, lag, body: text === '' ? undefined : JSON.parse(text) }
}

const send = async () => {
  const { body } = await call('POST', `/app/${appId}/msg`, { eventType: 'a.b', payload: { n: 1 } })
  return (body as { id: string }).id
}
const idsIn = ({ body }: Answer) => (body as { data: { id: string }[] }).data.map(({ id }) => id)
const list = () => `/app/${appId}/msg`
const system = async () =>
  ((await call('GET', '/system')).body as { replica: { used: boolean; problem: string | null } })
    .replica
const used = async () => await until(async () => (await system()).used)

/** Lets the standby stand still, as behind a cut line: it answers, and gets nothing more. */
const hold = async () => {
  await pair.primary.set('synchronous_standby_names', '')
  await pair.standby.query('postgres', 'select pg_wal_replay_pause()')
}
const release = async () => {
  await pair.standby.query('postgres', 'select pg_wal_replay_resume()')
}

test('lists, counts, series, overview and search come from the replica, and say how old they may be', async () => {
  await used()
  const id = await send()
  await until(async () => idsIn(await call('GET', list())).includes(id))
  const since = new Date(Date.now() - 3_600_000).toISOString()
  for (const path of [
    list(),
    `${list()}/search?text=n`,
    `/app/${appId}/attempt/endpoint/${endpointId}`,
    `/app/${appId}/attempt/endpoint/${endpointId}/count`,
    `/app/${appId}/endpoint/${endpointId}/msg`,
    `/stats/app/${appId}/attempt`,
    `/series?since=${since}`,
    '/overview',
    '/failure',
    '/search/message',
  ]) {
    const answer = await call('GET', path)
    expect(answer.status, `${path} ${JSON.stringify(answer.body)}`).toBe(200)
    expect(Number(answer.lag ?? Number.NaN), path).toBeLessThanOrEqual(1_000)
  }
})

test('what is found by id, what configures Pombo, what is asked of the primary: never behind', async () => {
  await used()
  await pair.standby.query('postgres', 'select pg_wal_replay_pause()')
  try {
    const id = await send()
    for (const path of [
      `${list()}/${id}`,
      `${list()}/${id}/attempt`,
      `/app/${appId}/attempt/msg/${id}`,
      `/app/${appId}/msg/${id}/endpoint`,
    ])
      expect(await call('GET', path)).toMatchObject({ status: 200, lag: null })
    const { body } = await call('POST', '/app', { name: 'new' })
    const apps = await call('GET', '/app')
    expect(apps.lag).toBe(null)
    expect(idsIn(apps)).toContain((body as { id: string }).id)
    const asked = await call('GET', list(), undefined, { 'pombo-read': 'primary' })
    expect(asked.lag).toBe(null)
    expect(idsIn(asked)).toContain(id)
    const wrong = await call('GET', list(), undefined, { 'pombo-read': 'replica' })
    expect(wrong.status).toBe(422)
  } finally {
    await release()
  }
})

test('a replica further behind than it may be is not read; this is said everywhere, and when it is over', async () => {
  await used()
  lines.length = 0
  await hold()
  try {
    await send()
    await until(async () => !(await system()).used)
    const id = await send()
    const answer = await call('GET', list())
    expect(answer.lag).toBe(null)
    expect(idsIn(answer)).toContain(id)
    expect((await system()).problem).toMatch(/^it is \d+ ms behind$/)
    const metrics = await (await fetch(`${app.url}/metrics`)).text()
    expect(metrics).toMatch(/^pombo_read_replica_used 0$/m)
    expect(Number(/^pombo_read_replica_lag_seconds (\S+)$/m.exec(metrics)?.[1])).toBeGreaterThan(1)
    expect(metrics).toMatch(/^pombo_reads_total\{server="replica"\} [1-9]/m)
    const found = (await call('GET', '/system/doctor')).body as {
      data: { name: string; level: string }[]
    }
    expect(found.data.find(({ name }) => name === 'read replica')?.level).toBe('warn')
  } finally {
    await release()
  }
  await used()
  expect(lines.join('')).toMatch(/are read from the primary/)
  expect(lines.join('')).toMatch(/are read from the replica/)
  expect(await replicaFindings(pair.primary.url('kept'), config)).toMatchObject([
    { name: 'read replica', level: 'ok' },
  ])
})

test('a replica that goes away costs nobody an answer', async () => {
  await used()
  await pair.standby.kill()
  for (let n = 0; n < 20; n++) expect((await call('GET', list())).status).toBe(200)
  await until(async () => !(await system()).used)
  expect(await replicaFindings(pair.primary.url('kept'), config)).toMatchObject([{ level: 'warn' }])
  await pair.standby.start()
  await used()
})

test('a server of another database is never read', async () => {
  const { Server } = await import('../../bench/chaos/server.ts')
  const other = await Server.create({
    folder: join(folder, 'other'),
    host: '127.0.0.1',
    port: await freePort(),
  })
  await other.start()
  try {
    const found = await replicaFindings(pair.primary.url('kept'), {
      ...config,
      readDatabaseUrl: other.url('postgres'),
    })
    expect(found).toMatchObject([
      { level: 'warn', detail: expect.stringContaining('no standby of this one') },
    ])
  } finally {
    await other.kill()
  }
})
