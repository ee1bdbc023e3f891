// Several servers for one database: who takes writes is found, and an old primary is not written to.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Pair } from '../../bench/chaos/pair.ts'
import type { Server } from '../../bench/chaos/server.ts'
import { databaseFindings } from '../../src/cli/doctor/database.ts'
import { hostFindings } from '../../src/cli/doctor/hosts.ts'
import { loadConfig } from '../../src/config/config.ts'
import { databaseAddress } from '../../src/core/database-url.ts'
import { openClient } from '../../src/db/host-client.ts'
import { Hosts } from '../../src/db/hosts.ts'
import { awayState, inTransaction, isAway, openPool, type Pool } from '../../src/db/pool.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/receiver.ts'

let folder: string
let primary: Server
let standby: Server
let url: string
const pools: Pool[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pombo-hosts-'))
  const pair = await Pair.open(folder, '127.0.0.1', [await freePort(), await freePort()])
  ;({ primary, standby } = pair)
  url = both(standby.place.port, primary.place.port)
}, 120_000)

afterAll(async () => {
  for (const pool of pools) await pool.end()
  await primary?.kill()
  await standby?.kill()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

function both(...ports: number[]): string {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  return `postgres://pombo@${hosts}/postgres?target_session_attrs=read-write`
}

function pool(to: string, hosts?: Hosts): Pool {
  const opened = openPool(to, 3, 'pombo', hosts)
  pools.push(opened)
  return opened
}

const portOf = async (of: Pool) =>
  (await of.query<{ port: number }>('select inet_server_port() as port')).rows[0]!.port

async function problemOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error('it did not fail')
  return error
}

test('who takes writes is used, wherever it stands in the list, by pools and single connections', async () => {
  expect(await portOf(pool(url))).toBe(primary.place.port)
  expect(await portOf(pool(both(primary.place.port, standby.place.port)))).toBe(primary.place.port)
  const client = openClient(url, { application_name: 'one' })
  await client.connect()
  const { rows } = await client.query('select pg_is_in_recovery() as standby')
  await client.end()
  expect(rows).toEqual([{ standby: false }])
})

test('a server that swallows everything does not keep the others waiting', async () => {
  const silent = createServer(() => {})
  const port = await freePort()
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
  try {
    expect(await portOf(pool(both(port, standby.place.port, primary.place.port)))).toBe(
      primary.place.port,
    )
  } finally {
    silent.close()
  }
})

test('where none takes writes, the error says of each why, and counts as a database that is away', async () => {
  const nobody = await freePort()
  const error = await problemOf(pool(both(nobody, standby.place.port)).query('select 1'))
  expect(error.message).toBe(
    `No server of DATABASE_URL takes writes: 127.0.0.1:${nobody} refuses the connection; ` +
      `127.0.0.1:${standby.place.port} is a standby`,
  )
  expect(isAway(error)).toBe(true)
  expect(awayState(error)).toBe('has no server that takes writes')
})

test('a server that becomes read-only is left, and found again when it takes writes', async () => {
  const of = pool(url)
  expect(await portOf(of)).toBe(primary.place.port)
  const readOnly = async (on: boolean) => {
    await primary.query(
      'postgres',
      `alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`,
    )
    await primary.query('postgres', 'select pg_reload_conf()')
  }
  await readOnly(true)
  try {
    // Sessions take the setting up a moment later.
    await until(async () => {
      const error = await problemOf(
        inTransaction(
          of,
          async (client) => await client.query('create temp table t on commit drop as select 1'),
        ),
      ).catch(() => undefined)
      return error !== undefined && isAway(error)
    })
    await until(async () => /is read-only/.test((await problemOf(of.query('select 1'))).message))
  } finally {
    // Its own sessions may write again by what they say themselves.
    const client = openClient(primary.url('postgres'), {
      options: '-c default_transaction_read_only=off',
    })
    await client.connect()
    await client.query('alter system reset default_transaction_read_only')
    await client.query('select pg_reload_conf()')
    await client.end()
  }
  await until(async () => (await portOf(of).catch(() => 0)) === primary.place.port)
})

test('doctor says of each server what it is', async () => {
  const findings = await hostFindings(url)
  expect(findings.map(({ level, detail }) => `${level} ${detail}`)).toEqual([
    `ok 127.0.0.1:${standby.place.port} is a standby`,
    `ok 127.0.0.1:${primary.place.port} takes writes, on timeline 1`,
  ])
  const [missing] = await hostFindings(both(await freePort(), primary.place.port))
  expect(missing).toMatchObject({
    level: 'warn',
    detail: expect.stringMatching(/refuses the connection/),
  })
  const loaded = loadConfig({ env: { DATABASE_URL: url } })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const found = await databaseFindings(pool(url), loaded.config, [])
  expect(found.find(({ name }) => name === 'replication')).toMatchObject({
    level: 'ok',
    detail: expect.stringMatching(/standby \(sync, \d+ KB of log behind\)/),
  })
})

test('after a promotion the new primary is used, and the old one that comes back is not written to', async () => {
  const hosts = new Hosts(databaseAddress(url))
  const of = pool(url, hosts)
  const unwatch = hosts.watch()
  await of.query('create table written (at int)')
  expect(await portOf(of)).toBe(primary.place.port)
  // The old one goes on answering, as when only the line between the two is cut.
  await primary.set('synchronous_standby_names', '')
  await standby.promote()
  await until(async () => (await portOf(of).catch(() => 0)) === standby.place.port)
  await of.query('insert into written values (1)')

  // Whoever asks both finds the newer one, too.
  expect(await portOf(pool(both(primary.place.port, standby.place.port)))).toBe(standby.place.port)

  // The new one dies; only the old one is left, and takes writes.
  await standby.kill()
  await until(async () => {
    const error = await of.query('insert into written values (2)').then(
      () => expect.unreachable('it was written to the old primary'),
      (thrown: Error) => thrown,
    )
    return /is an old primary: on timeline 1, and timeline 2 was written to/.test(error.message)
  })
  expect(await primary.query('postgres', 'select * from written')).toEqual([])
  const two = await hostFindings(url)
  expect(two.map(({ level }) => level)).toEqual(['warn', 'ok'])

  await standby.start()
  await until(async () => (await portOf(of).catch(() => 0)) === standby.place.port)
  const split = await hostFindings(url)
  expect(split.find(({ level }) => level === 'fail')?.detail).toMatch(
    /takes writes on timeline 1.* timeline 2/,
  )
  unwatch()
})
