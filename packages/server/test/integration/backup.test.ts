import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeBackup } from '../../src/backup/backup.ts'
import { type Manifest, readManifest } from '../../src/backup/manifest.ts'
import { restoreBackup, type RestoreOptions } from '../../src/backup/restore.ts'
import { migrate } from '../../src/db/migrate.ts'
import { schemaVersion } from '../../src/db/migrations.ts'
import { keyIdOf } from '../../src/db/seal.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

const progress = () => {}
let parent: string
let receiver: Receiver
let databases: TestDatabase[]
let pombos: TestPombo[]

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'pombo-backup-'))
  receiver = await startReceiver()
  databases = []
  pombos = []
})
afterEach(async () => {
  for (const pombo of pombos) await pombo.stop()
  pombos = []
  for (const database of databases) await database.drop()
  await receiver.close()
  await rm(parent, { recursive: true, force: true })
})

async function empty(): Promise<TestDatabase> {
  const database = await createTestDatabase()
  databases.push(database)
  return database
}

async function start(given?: TestDatabase): Promise<TestPombo> {
  const pombo = await startPombo({}, given ?? (await empty()))
  pombos.push(pombo)
  return pombo
}

/** Leaves its database. */
async function stop(pombo: TestPombo): Promise<void> {
  pombos.splice(pombos.indexOf(pombo), 1)
  await pombo.stop()
}

const backup = async ({ url }: { url: string }, name = 'backup') =>
  await takeBackup({ url, folder: join(parent, name), keyIds: [], version: '0.0.0', progress })

async function restore(
  database: TestDatabase,
  sendOpen = false,
  folder = join(parent, 'backup'),
  watch: Pick<RestoreOptions, 'progress' | 'signal'> = { progress },
) {
  const manifest = await readManifest(folder)
  const { url, pool } = database
  const target = { url, pool, where: 'the target', anew: 'make it anew' }
  return await restoreBackup({ ...target, folder, manifest, sendOpen, ...watch })
}

async function call(
  pombo: TestPombo,
  method: string,
  path: string,
  options: { body?: unknown } = {},
) {
  const called = await pombo.call(method, path, {
    ...options,
    headers: { authorization: `Bearer ${pombo.key}` },
  })
  expect(called.status, called.text).toBeLessThan(300)
  return called
}

/** One app, an endpoint that answers and one that does not; `count` messages to each. */
async function traffic(pombo: TestPombo, count: number): Promise<void> {
  receiver.answer = ({ path }) => ({ status: path === '/down' ? 503 : 200 })
  await call(pombo, 'POST', '/api/v1/app', { body: { name: 'shop', uid: 'shop' } })
  for (const path of ['up', 'down'])
    await call(pombo, 'POST', '/api/v1/app/shop/endpoint', {
      body: {
        url: receiver.url.replace(/\/?$/, `/${path}`),
        uid: path,
        headers: { 'x-token': 'secret of the endpoint' },
      },
    })
  for (let n = 0; n < count; n++) await send(pombo, n)
  await until(() => receiver.received.filter(({ path }) => path === '/up').length === count)
}

const send = async (pombo: TestPombo, n: number) =>
  await call(pombo, 'POST', '/api/v1/app/shop/msg', {
    body: { eventType: 'order.paid', eventId: `order-${n}`, payload: { n, text: 'ação\t\\N\n' } },
  })

const idsAt = (path: string) =>
  receiver.received.filter((one) => one.path === path).map(({ headers }) => headers['webhook-id'])

const rowsOf = ({ parts }: Manifest, of: string) =>
  parts.filter(({ table }) => table === of).reduce((sum, { rows }) => sum + rows, 0)

/** What each file of a backup is, but for the leases, which are released on the way. */
const contents = ({ parts }: Manifest) =>
  parts
    .filter(({ table }) => !['work', 'job', 'endpoint_health'].includes(table))
    .map(({ file, rows, sha256 }) => ({ file, rows, sha256 }))

test('a backup reads back to the byte', async () => {
  const pombo = await start()
  await traffic(pombo, 40)
  await stop(pombo)
  const first = await backup(pombo.database)
  const target = await empty()
  const { open } = await restore(target, true)
  const second = await backup(target, 'again')
  expect(contents(second)).toEqual(contents(first))
  expect(rowsOf(first, 'message')).toBe(40)
  expect(second.openDeliveries).toBe(40)
  expect(open).toBe(40)
})

test('a backup beside senders is of one moment: each message in it has its deliveries', async () => {
  const pombo = await start()
  await traffic(pombo, 5)
  let sending = true
  const senders = Array.from({ length: 4 }, async (_, sender) => {
    for (let n = 0; sending; n++) await send(pombo, 1_000 * (sender + 1) + n)
  })
  await until(() => receiver.received.length > 100)
  await backup(pombo.database)
  sending = false
  await Promise.all(senders)
  const target = await empty()
  await restore(target, true)
  const { rows } = await target.pool.query<{ messages: number; deliveries: number }>(`
    select (select count(*)::int from message) as messages,
           (select count(*)::int from work)
             + (select count(*)::int from history where state is not null) as deliveries`)
  expect(rows[0]!.messages).toBeGreaterThan(5)
  expect(rows[0]!.deliveries).toBe(2 * rows[0]!.messages)
})

test('after a restore what was open is "not sent" with the reason, until it is replayed', async () => {
  const pombo = await start()
  await traffic(pombo, 10)
  await until(() => idsAt('/down').length === 10)
  await stop(pombo)
  const { takenAt } = await backup(pombo.database)
  const target = await empty()
  expect(await restore(target)).toMatchObject({ open: 10 })
  receiver.received.length = 0
  receiver.answer = () => ({})

  const restored = await start(target)
  const { body } = await call(restored, 'GET', '/api/v1/app/shop/endpoint/down/msg?limit=50')
  expect(body.data).toHaveLength(10)
  for (const delivery of body.data)
    expect(delivery).toMatchObject({
      reason: `not sent after a restore: whether it was delivered after the backup of ${takenAt} is not known`,
    })
  // A message of the time before is known by its event id; a new one goes out, and it alone.
  const repeated = await restored.api('POST', '/app/shop/msg', {
    eventType: 'order.paid',
    eventId: 'order-3',
    payload: {},
  })
  expect(repeated.status).toBe(409)
  await send(restored, 77)
  await until(() => idsAt('/up').length === 1)
  await call(restored, 'POST', '/api/v1/replay', {
    body: { since: new Date(Date.now() - 3_600_000).toISOString(), status: 'discarded' },
  })
  await until(() => idsAt('/down').length === 11)
  expect(new Set(idsAt('/down')).size).toBe(11)
  expect(idsAt('/up')).toHaveLength(1)
})

test('what a restore cannot do is refused with the reason, and leaves the database empty', async () => {
  const pombo = await start()
  await traffic(pombo, 3)
  await backup(pombo.database)
  await expect(restore(pombo.database)).rejects.toThrow(/A Pombo is running on the database/)
  await stop(pombo)
  await expect(restore(pombo.database)).rejects.toThrow(/The database is not empty: .*message/)

  const target = await empty()
  const bad = join(parent, 'bad')
  await cp(join(parent, 'backup'), bad, { recursive: true })
  const { parts } = await readManifest(bad)
  const { file } = parts.find(({ table, rows }) => table === 'message' && rows > 0)!
  const bytes = await readFile(join(bad, file))
  await writeFile(join(bad, file), bytes.subarray(0, bytes.length - 20))
  await expect(restore(target, false, bad)).rejects.toThrow(
    new RegExp(`${file} is not as the backup wrote it: .* cut short .* Nothing was restored`),
  )
  await rm(join(bad, file))
  await expect(restore(target, false, bad)).rejects.toThrow(/it is missing, .* another backup\.$/)
  await restore(target)
  const { rows } = await target.pool.query<{ count: number }>('select count(*)::int from message')
  expect(rows[0]!.count).toBe(3)
})

test('a backup names the keys of payloads, too, which a restore asks for', async () => {
  const pombo = await start()
  const sealed = { name: 'T', encryptPayloads: true }
  const { key } = (await call(pombo, 'POST', '/api/v1/tenant', { body: sealed })).body
  const headers = { authorization: `Bearer ${key}` }
  for (const [path, body] of [
    ['/app', { name: 'a', uid: 'a' }],
    ['/app/a/msg', { eventType: 'x', payload: { a: 1 } }],
  ] as const)
    expect((await pombo.call('POST', `/api/v1${path}`, { body, headers })).status).toBeLessThan(300)
  // As a broadcast that is under way has its payload.
  await pombo.database.pool.query(
    `insert into job (id, tenant_id, task, args, status)
     select uuid_v7(), id, 'message.broadcast', $1, 'canceled' from tenant limit 1`,
    [{ message: { payload: 'sealed:0011aabb:x' } }],
  )
  const { keyIds } = await backup(pombo.database)
  const own = keyIdOf(Buffer.alloc(32, 7).toString('base64'))!.toString('hex')
  expect(keyIds.toSorted()).toEqual([own, '0011aabb'].toSorted())
})

test('a backup that cannot be written says why, and leaves nothing behind', async () => {
  const pombo = await start()
  await traffic(pombo, 1)
  // As a disk that is full halfway would stop it.
  const progress = ({ part }: { part: string }) => {
    if (part === 'app') throw new Error('no space left on device')
  }
  const folder = join(parent, 'full')
  const taking = takeBackup({
    url: pombo.database.url,
    folder,
    keyIds: [],
    version: '0.0.0',
    progress,
  })
  await expect(taking).rejects.toThrow(`The backup into ${folder} was not completed: no space`)
  expect(await readdir(parent)).toEqual([])
})

test('a backup that is stopped, or lacks the keys that were to be in it, leaves nothing behind', async () => {
  const { database } = await start()
  const stopping = new AbortController()
  const options = { url: database.url, folder: join(parent, 'b'), keyIds: [], version: '0.0.0' }
  const stopAt = () => stopping.abort(new Error('stopped by SIGINT'))
  await expect(
    takeBackup({ ...options, progress: stopAt, signal: stopping.signal }),
  ).rejects.toThrow(/was not completed: stopped by SIGINT\. What was written of it is removed/)
  const keysFile = join(parent, 'encryption-keys')
  await expect(takeBackup({ ...options, progress, keysFile })).rejects.toThrow(/encryption-keys/)
  expect(await readdir(parent)).toEqual([])
  await writeFile(keysFile, 'k')
  await takeBackup({ ...options, progress, keysFile })
  expect(await readFile(join(parent, 'b', 'encryption-keys'), 'utf8')).toBe('k')
})

test('a restore that is stopped leaves the database empty for the next', async () => {
  const pombo = await start()
  await traffic(pombo, 3)
  await backup(pombo.database)
  const target = await empty()
  const stopping = new AbortController()
  const stopAt = ({ rows }: { rows: number }) => {
    if (rows > 0) stopping.abort(new Error('Stopped by SIGINT.'))
  }
  const watch = { progress: stopAt, signal: stopping.signal }
  await expect(restore(target, false, undefined, watch)).rejects.toThrow('Stopped by SIGINT.')
  await restore(target)
})

test('a Pombo and a restore that start in the middle of a restore wait for its end', async () => {
  const pombo = await start()
  await traffic(pombo, 3)
  await backup(pombo.database)
  await stop(pombo)
  const target = await empty()
  let others: Promise<[TestPombo, string]> | undefined
  const progress = () => {
    others ??= Promise.all([start(target), restore(target).then(() => 'restored', String)])
  }
  await restore(target, false, undefined, { progress })
  const [node, second] = await others!
  expect(second).toMatch(/The database is not empty|A Pombo is running on the database/)
  const { rows } = await target.pool.query('select id from tenant')
  expect(rows).toHaveLength(1)
  expect((await call(node, 'GET', '/api/v1/app/shop')).body.name).toBe('shop')
})

test('a restore into a database of an older release that holds something leaves it at that release', async () => {
  const old = await empty()
  for (const sql of ['drop schema public cascade', 'create schema public'])
    await old.pool.query(sql)
  await migrate(old.pool, { upTo: 12 })
  await old.pool.query(`insert into tenant (id, name) values (gen_random_uuid(), 'of old')`)
  await backup(await empty())
  await expect(restore(old)).rejects.toThrow(/rows in .*tenant\. Nothing was changed/)
  const { rows } = await old.pool.query('select max(version) as version from pombo_migration')
  expect(rows).toEqual([{ version: 12 }])
})

test('a folder that is no backup, or one of another Pombo, says so', async () => {
  await expect(readManifest(join(parent, 'none'))).rejects.toThrow(/There is no folder/)
  await expect(readManifest(parent)).rejects.toThrow(/is no backup: it has no manifest.json/)
  const manifest = await backup(await empty())
  const says = async (changed: object, words: RegExp) => {
    await writeFile(
      join(parent, 'backup', 'manifest.json'),
      JSON.stringify({ ...manifest, ...changed }),
    )
    await expect(readManifest(join(parent, 'backup'))).rejects.toThrow(words)
  }
  await says({ format: 2 }, /format 2; this Pombo reads format 1/)
  await says({ schemaVersion: 9_999 }, /schema version 9999 .*this Pombo knows/)
  await says({ takenAt: 'yesterday' }, /damaged: takenAt/)
  await says(
    { parts: [{ ...manifest.parts[0], file: '../../etc/passwd' }] },
    /damaged: parts.0.file/,
  )
  await says({ migrations: [{ version: 1, hash: 'x' }] }, /migration 1 is not this Pombo's/)
})

test('a backup of an older release is read, and brought up to date', async () => {
  const old = await empty()
  for (const sql of ['drop schema public cascade', 'create schema public'])
    await old.pool.query(sql)
  await migrate(old.pool, { upTo: 12 })
  await old.pool.query(`insert into tenant (id, name) values (gen_random_uuid(), 'of old')`)
  expect((await backup(old)).schemaVersion).toBe(12)
  const target = await empty()
  for (const sql of ['drop schema public cascade', 'create schema public'])
    await target.pool.query(sql)
  await restore(target)
  const { rows } = await target.pool.query<{ name: string; version: number }>(
    'select name, (select max(version) from pombo_migration) as version from tenant',
  )
  expect(rows).toEqual([{ name: 'of old', version: schemaVersion() }])
})
