import { afterAll, beforeAll, expect, test } from 'vitest'
import { uuidFloor, uuidv7 } from '../../src/core/id.ts'
import { DAY_MS } from '../../src/core/clock.ts'
import { dayOf, listPartitions, makePartitions, partitioned } from '../../src/db/partitions.ts'
import { openPool } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNode } from '../support/node.ts'

let database: TestDatabase
const today = dayOf(Date.now())

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const names = async () => (await listPartitions(database.pool)).map(({ name }) => name)
const insertMessage = `
  insert into message (id, tenant_id, app_id, event_type, payload, payload_bytes, priority, created_at)
  values ($1, $1, $1, 'a', '1', 1, 1, now())`

test('are made for the days ahead by a node that starts', async () => {
  const node = await startNode(database.url)
  try {
    const made = await listPartitions(database.pool)
    expect(made).toHaveLength(partitioned.length * 5)
    for (const table of partitioned)
      expect(made.filter((one) => one.table === table).map(({ dayMs }) => dayMs)).toEqual(
        [-1, 0, 1, 2, 3].map((ahead) => today + ahead * DAY_MS),
      )
  } finally {
    await node.stop()
  }
})

test('are made once by many nodes that make them at once', async () => {
  const pools = Array.from({ length: 8 }, () => openPool(database.url, 2))
  try {
    const from = today + 10 * DAY_MS
    const made = await Promise.all(
      pools.map((pool) => makePartitions(pool, from, from + 6 * DAY_MS)),
    )
    expect(new Set(made.flat()).size).toBe(7 * partitioned.length)
    const found = (await listPartitions(database.pool)).filter(({ dayMs }) => dayMs >= from)
    expect(found).toHaveLength(7 * partitioned.length)
    expect(found.every(({ state }) => state === 'attached')).toBe(true)
    await database.pool.query(insertMessage, [uuidv7(from + 6 * DAY_MS + 5)])
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
  }
})

test('are made while somebody reads and somebody writes, and neither waits', async () => {
  const reader = await database.pool.connect()
  const writer = await database.pool.connect()
  try {
    await reader.query('begin isolation level repeatable read')
    await reader.query('select count(*) from message')
    await writer.query('begin')
    await writer.query(insertMessage, [uuidv7(Date.now())])
    const from = today + 20 * DAY_MS
    expect(await makePartitions(database.pool, from, from)).toHaveLength(partitioned.length)
    await writer.query(insertMessage, [uuidv7(Date.now())])
    await reader.query('select count(*) from message')
  } finally {
    await reader.query('rollback')
    await writer.query('rollback')
    reader.release()
    writer.release()
  }
})

test('that somebody took off are put back with what they hold', async () => {
  // Not of `uuidv7`, whose ids only grow: another test has made one of a later day.
  const id = uuidFloor(Date.now()).replace(/0{12}$/, '000000000001')
  await database.pool.query(insertMessage, [id])
  const name = (await listPartitions(database.pool)).find(
    ({ table, dayMs }) => table === 'message' && dayMs === today,
  )!.name
  await database.pool.query(`alter table message detach partition ${name}`)
  expect((await database.pool.query('select from message where id = $1', [id])).rowCount).toBe(0)
  expect(await makePartitions(database.pool, today, today)).toEqual([name])
  expect((await database.pool.query('select from message where id = $1', [id])).rowCount).toBe(1)
  expect(await names()).toContain(name)
})
