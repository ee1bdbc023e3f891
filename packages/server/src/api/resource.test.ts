import { expect, test } from 'vitest'
import { z } from 'zod'
import { showId, uuidv7 } from '../core/id.ts'
import { nobody } from './access.ts'
import type { Cursor } from './pagination.ts'
import { resource } from './resource.ts'
import type { AnyCall } from './route.ts'

const rows = Array.from({ length: 3 }, (_, n) => ({ id: uuidv7(1_764_000_000_000 + n), n }))
const cursors: Cursor[] = []

const routes = resource({
  path: '/api/v1/thing/{thing_id}',
  params: { thing_id: z.string() },
  id: 'v1.thing',
  tag: 'Thing',
  words: { one: 'a thing', many: 'things' },
  access: 'tenant',
  out: z.object({ n: z.int() }),
  show: ({ n }: (typeof rows)[number]) => ({ n }),
  list: {
    order: 'ascending',
    iterators: 'app',
    find: async (_call, cursor) => {
      cursors.push(cursor)
      return { rows: rows.slice(0, cursor.limit), more: rows.length > cursor.limit }
    },
  },
  get: { access: 'app', store: async () => rows[0]! },
  put: { body: z.object({}), store: async () => ({ row: rows[1]!, created: true }) },
  delete: { id: 'v1.thing.revoke', store: async () => undefined },
})

const call = (given: Partial<AnyCall>) =>
  ({ params: {}, query: {}, holder: nobody, ...given }) as AnyCall
const routeOf = (id: string) => routes.find((one) => one.id === id)!

test('a verb that is left out is not offered, and the rest say what the resource says', () => {
  expect(routes.map(({ method, path, id, access }) => `${method} ${path} ${id} ${access}`)).toEqual(
    [
      'GET /api/v1/thing v1.thing.list tenant',
      'GET /api/v1/thing/{thing_id} v1.thing.get app',
      'PUT /api/v1/thing/{thing_id} v1.thing.update tenant',
      'DELETE /api/v1/thing/{thing_id} v1.thing.revoke tenant',
    ],
  )
  expect(routes.map(({ summary }) => summary)).toEqual([
    'List things',
    'Get a thing',
    'Set all of a thing, or create it',
    'Delete a thing',
  ])
})

test('a list reads its iterator, hands it on as a cursor, and says where it goes on', async () => {
  const iterator = `-${showId('app', rows[0]!.id)}`
  const answer = await routeOf('v1.thing.list').handle(call({ query: { limit: 2, iterator } }))
  expect(cursors.at(-1)).toMatchObject({
    at: rows[0]!.id,
    after: { id: rows[0]!.id },
    back: true,
    order: 'descending',
    limit: 2,
  })
  // A page before another one is read backwards, and turned around.
  expect(JSON.parse(answer.text!)).toEqual({
    data: [{ n: 1 }, { n: 0 }],
    iterator: showId('app', rows[0]!.id),
    prevIterator: `-${showId('app', rows[1]!.id)}`,
    done: false,
  })
})

test('what was put is answered with whether it was there', async () => {
  expect(await routeOf('v1.thing.update').handle(call({}))).toEqual({
    status: 201,
    text: '{"n":1}',
  })
  expect(await routeOf('v1.thing.revoke').handle(call({}))).toEqual({ status: 204 })
})
