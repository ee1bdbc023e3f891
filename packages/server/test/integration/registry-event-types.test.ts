import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Registry } from '../../src/registry/registry.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { testRegistry } from '../support/registry.ts'

let database: TestDatabase
let registry: Registry
let tenantId: string

beforeAll(async () => {
  database = await createTestDatabase()
  registry = testRegistry(database.pool)
  tenantId = (await registry.tenants.create({ name: 'types' })).id
})
afterAll(async () => await database.drop())

const schemas = { '1': { type: 'object', properties: { id: { type: 'string' } } } }

test('an event type comes back as it was made, and making it again is a conflict', async () => {
  const made = await registry.eventTypes.create(tenantId, 'order.paid', {
    description: 'An order was paid',
    schemas,
    featureFlag: 'beta',
  })
  expect(made).toMatchObject({
    name: 'order.paid',
    schemas,
    featureFlag: 'beta',
    archived: false,
    deprecated: false,
  })
  expect(await registry.eventTypes.get(tenantId, 'order.paid', null)).toEqual(made)
  await expect(
    registry.eventTypes.create(tenantId, 'order.paid', { description: 'again' }),
  ).rejects.toMatchObject({ code: 'conflict' })
  expect(await registry.eventTypes.get(tenantId, 'order.paid', null)).toEqual(made)
})

test('making an archived one takes it out of the archive with what is given now', async () => {
  await registry.eventTypes.create(tenantId, 'old', { description: 'first', schemas })
  await registry.eventTypes.archive(tenantId, 'old')
  expect((await registry.eventTypes.get(tenantId, 'old', null)).archived).toBe(true)
  expect(
    await registry.eventTypes.create(tenantId, 'old', { description: 'second' }),
  ).toMatchObject({ archived: false, description: 'second', schemas: null })
})

test('PUT makes or sets all, PATCH changes what it names, expunging removes', async () => {
  expect(
    (
      await registry.eventTypes.put(tenantId, 'put', {
        description: 'one',
        schemas,
        deprecated: true,
      })
    ).created,
  ).toBe(true)
  const { eventType, created } = await registry.eventTypes.put(tenantId, 'put', {
    description: 'two',
  })
  expect(created).toBe(false)
  expect(eventType).toMatchObject({ description: 'two', schemas: null, deprecated: false })
  expect(await registry.eventTypes.patch(tenantId, 'put', { schemas })).toMatchObject({
    description: 'two',
    schemas,
  })
  await registry.eventTypes.expunge(tenantId, 'put')
  for (const asked of [
    async () => await registry.eventTypes.get(tenantId, 'put', null),
    async () => await registry.eventTypes.patch(tenantId, 'put', {}),
    async () => await registry.eventTypes.archive(tenantId, 'put'),
    async () => await registry.eventTypes.expunge(tenantId, 'put'),
  ]) {
    await expect(asked()).rejects.toMatchObject({ code: 'not_found' })
  }
})

test('the list goes by name, in both directions, with the archived only when asked for', async () => {
  const { id } = await registry.tenants.create({ name: 'listed' })
  for (const name of ['b', 'a', 'd', 'c'])
    await registry.eventTypes.create(id, name, { description: name })
  await registry.eventTypes.archive(id, 'c')
  const walk = async (
    order: 'ascending' | 'descending',
    includeArchived: boolean,
  ): Promise<string> => {
    let seen = ''
    for (let after: { name: string } | undefined; ; ) {
      const { rows, more } = await registry.eventTypes.list(id, {
        limit: 2,
        order,
        after,
        includeArchived,
      })
      for (const { name } of rows) seen += name
      if (!more) return seen
      after = { name: rows.at(-1)!.name }
    }
  }
  expect(await walk('ascending', false)).toBe('abd')
  expect(await walk('descending', true)).toBe('dcba')
})

test.each([
  ['a name with a blank', 'a b', { description: 'x' }, 'name'],
  [
    'a schema that PostgreSQL cannot hold',
    'x',
    { description: 'x', schemas: { '1': { title: '\0' } } },
    'schemas',
  ],
  ['a description with U+0000', 'x', { description: '\0' }, 'description'],
])('%s is refused by its field', async (_, name, settings, field) => {
  await expect(registry.eventTypes.create(tenantId, name, settings)).rejects.toMatchObject({
    code: 'validation',
    problems: [{ loc: ['body', field] }],
  })
})
