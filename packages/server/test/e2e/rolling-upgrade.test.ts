// Two versions of Pombo on one database: this one, and a later one that brings more migrations.
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { schemaVersion } from '../../src/db/migrations.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { expand, laterPombo, type PomboCopy } from '../support/pombo-copy.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'
import { type CliProcess, endAll, pombo } from './cli-process.ts'

const known = schemaVersion()
const file = (version: number, name: string) => `${String(version).padStart(4, '0')}-${name}.sql`

const contract = `-- Serves code from version ${known + 1}.
  alter table endpoint drop column signature_headers;
`
const apiKey = 'a-key-for-tests-0123456789'

let database: TestDatabase
let receiver: Receiver
let env: Record<string, string>
const copies: PomboCopy[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  receiver = await startReceiver()
  env = {
    DATABASE_URL: database.url,
    POMBO_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
    POMBO_LISTEN: '127.0.0.1:0',
    POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
    POMBO_API_KEY: apiKey,
    POMBO_LOG_FORMAT: 'json',
  }
})
afterEach(async () => {
  await endAll()
  await receiver.close()
  await database.drop()
  await Promise.all(copies.splice(0).map((copy) => copy.remove()))
})

interface Node {
  process: CliProcess
  url: string
  /** Attempts that it has written a line about. */
  attempts(): number
}

async function later(migrations: Record<string, string>): Promise<string> {
  const copy = await laterPombo(migrations)
  copies.push(copy)
  return copy.main
}

async function serve(main?: string): Promise<Node> {
  const process = pombo(['serve'], env, main === undefined ? {} : { main })
  const [, url] = await process.printed(/Pombo listens at (http:\S+)/)
  return {
    process,
    url: url!,
    attempts: () => process.stdout().split('"msg":"attempt"').length - 1,
  }
}

async function post(
  url: string,
  path: string,
  body: unknown,
  key?: string,
): Promise<{ id: string }> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text) as { id: string }
}

async function stop(node: Node): Promise<void> {
  node.process.child.kill('SIGTERM')
  expect(await node.process.ended()).toBe(0)
}

const applied = async () =>
  (
    await database.pool.query<{ version: number }>(
      'select max(version) as version from pombo_migration',
    )
  ).rows[0]!.version

const troubles = (node: Node) =>
  node.process
    .stdout()
    .split('\n')
    .filter((line) => /"level":"?(error|warn|50|40)/.test(line))

test('an older node works on while a newer one migrates, and both deliver: nothing is lost or sent twice', {
  timeout: 300_000,
}, async () => {
  const older = await serve()
  const { id: app } = await post(older.url, '/app', { name: 'test' })
  await post(older.url, `/app/${app}/endpoint`, { url: `${receiver.url}/free` })
  await post(older.url, `/app/${app}/endpoint`, {
    url: `${receiver.url}/ordered`,
    ordering: 'key',
    retrySchedule: [0.05, 0.05, 0.05],
  })
  // Every ninth refused once, so that the queue and the claim are part of it, too.
  const refused = new Set<string>()
  receiver.answer = ({ headers, path }) => {
    const id = String(headers['webhook-id'])
    if (path !== '/ordered' || refused.size * 9 > receiver.received.length || refused.has(id))
      return {}
    refused.add(id)
    return { status: 500 }
  }
  const accepted: string[] = []
  const nodes = [older]
  let over = false
  const senders = Array.from({ length: 4 }, async (_, sender) => {
    for (let n = 0; !over; n++) {
      // Without a pause, but no faster than it is delivered.
      await until(() => over || accepted.length * 2 - receiver.received.length < 60, 60_000)
      const message = { eventType: 'a', payload: { n }, orderingKey: `key-${sender}-${n % 20}` }
      // A node that is just being stopped, or is asked to wait, refuses: the same again, at the other.
      let tried = n
      await until(
        () =>
          post(
            nodes[tried++ % nodes.length]!.url,
            `/app/${app}/msg`,
            message,
            `${sender}-${n}`,
          ).then(
            ({ id }) => accepted.push(id),
            (error: unknown) => {
              if (/ 500 /.test(String(error))) throw error
            },
          ),
        60_000,
      )
    }
  })
  await until(() => older.attempts() > 30, 60_000)

  const newer = await serve(await later({ [file(known + 1, 'expand')]: expand }))
  expect(await applied()).toBe(known + 1)
  nodes.push(newer)
  const before = older.attempts()
  await until(() => newer.attempts() > 40 && older.attempts() > before + 40, 60_000)
  // Started anew, as after a crash in the middle of the upgrade, on a schema that is newer than itself.
  const again = await serve()
  nodes[0] = again
  await stop(older)
  await until(() => again.attempts() > 30, 60_000)
  over = true
  await Promise.all(senders)
  await until(async () => {
    const { rows } = await database.pool.query<{ count: number }>(
      'select count(*) as count from work',
    )
    return rows[0]!.count === 0
  }, 60_000)
  await stop(again)
  await stop(newer)

  const got = (path: string) =>
    receiver.received
      .filter((one) => one.path === path)
      .map(({ headers }) => String(headers['webhook-id']))
  expect(got('/free').toSorted()).toEqual(accepted.toSorted())
  expect(got('/ordered').filter((id) => !refused.has(id))).toHaveLength(
    accepted.length - refused.size,
  )
  const { rows } = await database.pool.query<{ attempts: number; delivered: number }>(
    `select (select count(*) from attempt) as attempts,
            (select count(*) from history where state = 'delivered') as delivered`,
  )
  expect(rows[0]).toEqual({
    attempts: receiver.received.length,
    delivered: accepted.length * 2,
  })
  expect([...troubles(older), ...troubles(again), ...troubles(newer)]).toEqual([])
})

test('a migration that older nodes would not survive is refused while one is live; afterwards they are', async () => {
  const older = await serve()
  const { id: app } = await post(older.url, '/app', { name: 'test' })
  await post(older.url, `/app/${app}/endpoint`, { url: receiver.url })
  const main = await later({
    [file(known + 1, 'expand')]: expand,
    [file(known + 2, 'contract')]: contract,
  })

  const tooEarly = pombo(['migrate'], env, { main })
  expect(await tooEarly.ended()).toBe(1)
  expect(tooEarly.stderr()).toMatch(
    new RegExp(
      `Migration ${known + 2} \\("contract"\\) serves only a Pombo that knows version ${known + 1} or later, ` +
        `and older nodes are live: \\S+ \\(Pombo \\S+, knows version ${known}\\)\\. Upgrade or stop them`,
    ),
  )
  // What adds was done, what takes away was not: the older node goes on.
  expect(await applied()).toBe(known + 1)
  await post(older.url, `/app/${app}/msg`, { eventType: 'a', payload: 1 })
  await receiver.waitFor(1)

  await stop(older)
  const migrated = pombo(['migrate'], env, { main })
  expect(await migrated.ended()).toBe(0)
  expect(await applied()).toBe(known + 2)
  const tooLate = pombo(['serve'], env)
  expect(await tooLate.ended()).toBe(1)
  expect(tooLate.stderr()).toContain(
    `The database's schema is at version ${known + 2} and serves only a Pombo that knows version ` +
      `${known + 1} or later; this one knows ${known}. Start a newer Pombo`,
  )
  expect(receiver.received).toHaveLength(1)
})

test('a migration that finds a table in use stands back, so that nodes go on; once it is free it is done', async () => {
  const older = await serve()
  const { id: app } = await post(older.url, '/app', { name: 'test' })
  await post(older.url, `/app/${app}/endpoint`, { url: receiver.url })
  const main = await later({ [file(known + 1, 'expand')]: expand })
  const report = await database.pool.connect()
  try {
    // As a backup does: it stands in the way of whoever wants the table for itself, and everybody else would wait
    // behind that one.
    await report.query('set idle_in_transaction_session_timeout = 0')
    await report.query('begin; lock table work in access share mode')
    const migrating = pombo(['migrate'], env, { main })
    await migrating.printed(/in use; trying again/)
    for (let n = 0; n < 20; n++)
      await post(older.url, `/app/${app}/msg`, { eventType: 'a', payload: n })
    await receiver.waitFor(20, 30_000)
    expect(await applied()).toBe(known)
    await report.query('commit')
    expect(await migrating.ended()).toBe(0)
    expect(await applied()).toBe(known + 1)
  } finally {
    report.release(true)
  }
})
