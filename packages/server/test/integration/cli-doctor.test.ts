import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { databaseFindings } from '../../src/cli/doctor/database.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { isTransactionPooled } from '../../src/cli/doctor/store.ts'
import { loadConfig, type Config } from '../../src/config/config.ts'
import { uuidv7 } from '../../src/core/id.ts'
import { makePartitions } from '../../src/db/partitions.ts'
import { openPool } from '../../src/db/pool.ts'
import { createSeal } from '../../src/db/seal.ts'
import { createTestDatabase, databaseUrl, type TestDatabase } from '../support/database.ts'

const ring = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')]
const DAY_MS = 86_400_000
let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
})

afterEach(() => database.drop())

function config(env: Record<string, string> = {}): Config {
  const loaded = loadConfig({ env: { POMBO_DATABASE_CONNECTIONS: '4', ...env } })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

async function finding(
  name: string,
  keys: readonly string[] | null = ring,
  settings = config(),
): Promise<Finding> {
  const found = (await databaseFindings(database.pool, settings, keys ?? undefined)).find(
    (one) => one.name === name,
  )
  if (!found) throw new Error(`no finding "${name}"`)
  return found
}

test('a database that is as it should be has no complaint', async () => {
  await makePartitions(database.pool, Date.now(), Date.now() + 2 * DAY_MS)
  const findings = await databaseFindings(database.pool, config(), ring)
  // What belongs to the server the suite runs on: its own runs without fsync, for speed, and a machine's may run
  // without autovacuum.
  const ofTheServer = ['durability', 'autovacuum']
  expect(
    findings.filter(({ level, name }) => level !== 'ok' && !ofTheServer.includes(name)),
  ).toEqual([])
  expect(findings.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'server',
      'clock',
      'writing',
      'connections',
      'pooler',
      'schema',
      'nodes',
      'partitions',
      'encryption keys',
    ]),
  )
})

test('answers that are not on disk are found', async () => {
  const { rows } = await database.pool.query<{ name: string }>('select current_database() as name')
  await database.pool.query(`alter database ${rows[0]!.name} set synchronous_commit = off`)
  const pool = openPool(database.url, 2)
  const found = (await databaseFindings(pool, config(), ring)).find(
    ({ name }) => name === 'durability',
  )
  await pool.end()
  expect(found).toMatchObject({
    level: 'fail',
    detail: expect.stringContaining('synchronous_commit=off'),
  })
})

test('a newer schema, an older one and none at all are told apart', async () => {
  await database.pool.query(
    `insert into pombo_migration (version, name, hash) values (998, 'future', '')`,
  )
  expect(await finding('schema')).toMatchObject({
    level: 'warn',
    detail: expect.stringMatching(/^version 998, newer than this Pombo's \d+, which it serves$/),
  })
  await database.pool.query(
    `insert into pombo_migration (version, name, hash, serves_from) values (999, 'far future', '', 998)`,
  )
  expect(await finding('schema')).toMatchObject({
    level: 'fail',
    detail: expect.stringMatching(
      /^version 999, which serves a Pombo that knows version 998 or later; this one knows \d+$/,
    ),
  })
  await database.pool.query('delete from pombo_migration')
  await database.pool.query(
    `insert into pombo_migration (version, name, hash) values (0, 'past', '')`,
  )
  expect(await finding('schema')).toMatchObject({
    level: 'warn',
    mend: expect.stringContaining('pombo migrate'),
  })
  await database.pool.query('drop table pombo_migration')
  expect(await finding('schema')).toMatchObject({
    level: 'ok',
    detail: expect.stringContaining('none yet'),
  })
})

test('missing partitions are a failure while a node runs, and nothing before', async () => {
  expect(await finding('partitions')).toMatchObject({ level: 'ok' })
  await database.pool.query(
    `insert into node (id, name, version, schema_version, expires_at)
     values ($1, 'n1', '0.1.0', 1, now() + interval '1 minute')`,
    [uuidv7(Date.now())],
  )
  expect(await finding('nodes')).toMatchObject({ detail: '1 running: n1 (0.1.0)' })
  expect(await finding('partitions')).toMatchObject({
    level: 'fail',
    detail: expect.stringContaining('message of '),
  })
  await makePartitions(database.pool, Date.now(), Date.now() + 2 * DAY_MS)
  expect(await finding('partitions')).toMatchObject({ level: 'ok' })
})

test('a value under a key that is not in the ring is found before it is needed', async () => {
  const { pool } = database
  const [tenantId, appId, endpointId, secretId] = Array.from({ length: 4 }, () =>
    uuidv7(Date.now()),
  )
  await pool.query(`insert into tenant (id, name) values ($1, 't')`, [tenantId])
  await pool.query(`insert into app (id, tenant_id, name) values ($1, $2, 'a')`, [appId, tenantId])
  await pool.query(
    `insert into endpoint (id, tenant_id, app_id, url) values ($1, $2, $3, 'https://e.example')`,
    [endpointId, tenantId, appId],
  )
  const sealed = createSeal([ring[1]!]).seal('whsec_x', `endpoint_secret/${secretId}`)
  await pool.query(
    `insert into endpoint_secret (id, tenant_id, endpoint_id, sealed) values ($1, $2, $3, $4)`,
    [secretId, tenantId, endpointId, sealed],
  )
  expect(await finding('encryption keys')).toMatchObject({
    level: 'ok',
    detail: expect.stringContaining('1 of them still under an older key'),
  })
  expect(await finding('encryption keys', [ring[0]!])).toMatchObject({
    level: 'fail',
    detail: '1 of 1 values are encrypted with a key that is not in the ring',
  })
  expect(await finding('encryption keys', null)).toMatchObject({ level: 'fail' })
})

test('more connections than the server has are found', async () => {
  expect(
    await finding(
      'connections',
      ring,
      config({ POMBO_DATABASE_CONNECTIONS: '500', POMBO_PROCESSES: '4' }),
    ),
  ).toMatchObject({ level: 'fail' })
})

test('a role that may not write is found', async () => {
  const { pool } = database
  const role = `doctor_${uuidv7(Date.now()).replaceAll('-', '')}`
  await pool.query(`create role ${role} login password 'x'`)
  try {
    const url = new URL(database.url)
    url.username = role
    url.password = 'x'
    const limited = openPool(url.href, 3)
    const findings = await databaseFindings(limited, config(), ring)
    await limited.end()
    expect(findings.find(({ name }) => name === 'writing')).toMatchObject({
      level: 'fail',
      mend: expect.stringContaining('grant create'),
    })
    expect(findings.find(({ name }) => name === 'tables')).toMatchObject({ level: 'fail' })
  } finally {
    await pool.query(`drop role ${role}`)
  }
})

test('a pooler that gives a connection for one transaction is recognised, a real one not mistaken for it', async () => {
  const { pool } = database
  const [a, b, first, second] = await Promise.all([
    pool.connect(),
    pool.connect(),
    pool.connect(),
    pool.connect(),
  ])
  // What such a pooler does: outside of a transaction each statement goes to the server connection that was free last.
  const free = [a, b]
  const held = new Map<string, pg.PoolClient>()
  const pooled = (name: string) =>
    ({
      async query(text: string) {
        const server = held.get(name) ?? free.pop()!
        const result = await server.query(text)
        if (text === 'begin') held.set(name, server)
        if (text === 'rollback') held.delete(name)
        if (!held.has(name)) free.push(server)
        return result
      },
    }) as unknown as pg.PoolClient
  try {
    expect(await isTransactionPooled(pooled('one'), pooled('two'))).toBe(true)
    expect(await isTransactionPooled(first, second)).toBe(false)
  } finally {
    for (const client of [a, b, first, second]) client.release()
  }
})

test('a database of another encoding is found', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select current_database() || '_latin1' as name`,
  )
  const name = rows[0]!.name
  await database.pool.query(
    `create database ${name} encoding 'LATIN1' locale 'C' template template0`,
  )
  const pool = openPool(databaseUrl(database.url, name), 3)
  try {
    const findings = await databaseFindings(pool, config(), undefined)
    expect(findings.find((one) => one.name === 'encoding')).toMatchObject({ level: 'fail' })
  } finally {
    await pool.end()
    await database.pool.query(`drop database ${name} with (force)`)
  }
})
