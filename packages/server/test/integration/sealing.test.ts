import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { showId } from '../../src/core/id.ts'
import type { Pool } from '../../src/db/pool.ts'
import { resealAll, sealContext } from '../../src/db/reseal.ts'
import { createSeal } from '../../src/db/seal.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { randomKey, testRegistry } from '../support/registry.ts'

let database: TestDatabase
let pool: Pool

beforeEach(async () => {
  database = await createTestDatabase()
  pool = database.pool
})
afterEach(async () => await database.drop())

const url = 'https://receiver.example/'

async function sealedUnder(keyId: Buffer): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select (select count(*) from endpoint_secret where substring(sealed from 2 for 4) = $1)
          + (select count(*) from endpoint where substring(headers_sealed from 2 for 4) = $1) as n`,
    [keyId],
  )
  return rows[0]!.n
}

async function withEndpoints(keys: string[], count: number) {
  const registry = testRegistry(pool, { seal: createSeal(keys) })
  const tenant = await registry.tenants.create({ name: 'sealed' })
  const app = await registry.apps.create(tenant.id, { name: 'app' })
  const scope = { tenantId: tenant.id, appId: app.id }
  const endpoints = []
  for (let i = 0; i < count; i++) {
    endpoints.push(
      await registry.endpoints.create(scope, {
        url,
        headers: { authorization: `Bearer very-secret-${i}` },
      }),
    )
  }
  return { registry, scope, endpoints }
}

test('neither secrets nor headers can be read from a dump of the database', async () => {
  const { endpoints } = await withEndpoints([randomKey()], 1)
  const { rows } = await pool.query<{ row: string; sealed: Buffer }>(
    `select e::text || s::text as row, e.headers_sealed || s.sealed as sealed
       from endpoint e
       join endpoint_secret s on s.endpoint_id = e.id
      where e.id = $1`,
    [endpoints[0]!.id],
  )
  const secret = endpoints[0]!.secrets[0]!.secret.text
  for (const hidden of ['very-secret', secret, secret.slice('whsec_'.length)]) {
    expect(rows[0]!.row).not.toContain(hidden)
    expect(rows[0]!.row).not.toContain(Buffer.from(hidden).toString('hex'))
  }
})

test('after a new key joins, everything is sealed under it while nodes go on, and the old key can go', async () => {
  const [older, newer] = [randomKey(), randomKey()]
  const { scope, endpoints } = await withEndpoints([older], 12)
  const ring = createSeal([newer, older])
  const oldId = createSeal([older]).keyId
  expect(await sealedUnder(oldId)).toBe(24)

  // Stopped after the first batch, as by a node that dies: what is done stays done.
  const stop = new AbortController()
  const halted = resealAll(pool, ring, { batch: 5, signal: stop.signal })
  stop.abort()
  expect((await halted).resealed).toBe(5)
  expect(await sealedUnder(oldId)).toBe(19)

  // Rotated by a running node in the meantime: the new secret must survive.
  const node = testRegistry(pool, { seal: ring })
  const [rest, rotated] = await Promise.all([
    resealAll(pool, ring, { batch: 5 }),
    Promise.all(
      endpoints.map(
        async (endpoint) =>
          (
            await node.endpoints.rotateSecret(scope, showId('endpoint', endpoint.id), {
              overlapMs: 60_000,
            })
          ).text,
      ),
    ),
  ])
  expect(rest.unreadable).toEqual([])
  await resealAll(pool, ring)
  expect(await sealedUnder(oldId)).toBe(0)

  const later = testRegistry(pool, { seal: createSeal([newer]) })
  const routes = (await later.cache.routes(scope.tenantId, scope.appId))!
  for (const [i, endpoint] of routes.endpoints.entries()) {
    expect(endpoint.secrets.map(({ secret }) => secret.text)).toEqual([
      rotated[i],
      endpoints[i]!.secrets[0]!.secret.text,
    ])
    expect(endpoint.headers).toEqual(endpoints[i]!.headers)
  }
  expect((await resealAll(pool, ring)).resealed).toBe(0)
})

test('headers that a node writes while they are being sealed anew are not overwritten by the old ones', async () => {
  const [older, newer] = [randomKey(), randomKey()]
  const { scope, endpoints } = await withEndpoints([older], 1)
  const id = endpoints[0]!.id
  const ring = createSeal([newer, older])
  const headers = JSON.stringify({ 'x-new': '1' })
  const writer = await pool.connect()
  try {
    await writer.query('begin')
    await writer.query('update endpoint set headers_sealed = $2 where id = $1', [
      id,
      ring.seal(headers, sealContext('endpoint_headers', id)),
    ])
    const resealing = resealAll(pool, ring)
    // It has read the old headers and waits for the row.
    await vi.waitUntil(
      async () =>
        (
          await pool.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
        ).rowCount === 1,
      { timeout: 30_000, interval: 10 },
    )
    await writer.query('commit')
    await resealing
  } finally {
    writer.release()
  }
  const node = testRegistry(pool, { seal: ring })
  expect((await node.endpoints.get(scope, showId('endpoint', id))).headers).toEqual({
    'x-new': '1',
  })
})

test('a value under a key that is gone is reported and left alone, and the rest is done', async () => {
  const [lost, older, newer] = [randomKey(), randomKey(), randomKey()]
  await withEndpoints([lost], 3)
  await withEndpoints([older], 3)
  const { resealed, unreadable } = await resealAll(pool, createSeal([newer, older]), { batch: 2 })
  expect(resealed).toBe(6)
  const lostId = createSeal([lost]).keyId
  expect(unreadable.filter((reason) => reason.includes(lostId.toString('hex')))).toHaveLength(6)
  expect(await sealedUnder(lostId)).toBe(6)
})

test('an endpoint whose key is missing is held as if paused, reported, and does not stop its app', async () => {
  const [lost, mine] = [randomKey(), randomKey()]
  const { scope, endpoints } = await withEndpoints([mine], 2)
  const [held, fine] = endpoints
  // Sealed by a node that has the key.
  await testRegistry(pool, { seal: createSeal([lost, mine]) }).endpoints.rotateSecret(
    scope,
    showId('endpoint', held!.id),
  )
  const reports: string[] = []
  const node = testRegistry(pool, {
    seal: createSeal([mine]),
    report: (error, about) => void reports.push(`${about}: ${String(error)}`),
  })
  const routes = (await node.cache.routes(scope.tenantId, scope.appId))!
  expect(routes.endpoints.map(({ id, paused, secrets }) => [id, paused, secrets.length])).toEqual([
    [held!.id, true, 0],
    [fine!.id, false, 1],
  ])
  expect(reports.join()).toContain(held!.id)
  expect(reports.join()).toContain(createSeal([lost]).keyId.toString('hex'))
  const back = testRegistry(pool, { seal: createSeal([mine, lost]) })
  expect((await back.cache.endpoints([held!.id])).get(held!.id)!.endpoint.paused).toBe(false)
})

test('headers that cannot be opened are not taken for none and written over', async () => {
  const [lost, mine] = [randomKey(), randomKey()]
  const { scope, endpoints } = await withEndpoints([lost], 1)
  const node = testRegistry(pool, { seal: createSeal([mine]) })
  await expect(
    node.endpoints.patchHeaders(scope, showId('endpoint', endpoints[0]!.id), { 'x-a': '1' }),
  ).rejects.toThrow('not in the key ring')
  const back = testRegistry(pool, { seal: createSeal([lost]) })
  expect((await back.endpoints.get(scope, showId('endpoint', endpoints[0]!.id))).headers).toEqual(
    endpoints[0]!.headers,
  )
})

test("one row's sealed secret put into another row does not open there", async () => {
  const { registry, scope, endpoints } = await withEndpoints([randomKey()], 2)
  const [victim, attacker] = endpoints
  await pool.query(
    `update endpoint_secret
        set sealed = (select sealed from endpoint_secret where endpoint_id = $1)
      where endpoint_id = $2`,
    [victim!.id, attacker!.id],
  )
  const moved = await registry.endpoints.get(scope, showId('endpoint', attacker!.id))
  expect([moved.paused, moved.secrets]).toEqual([true, []])
})
