import { expect, test } from 'vitest'
import { PomboError } from '../core/error.ts'
import { showId, uuidv7 } from '../core/id.ts'
import { pageOf, readIdCursor, spanBounds, keysetRange } from './pagination.ts'

const ids = Array.from({ length: 7 }, (_, n) => uuidv7(1_764_000_000_000 + n))

/** What a database would find. */
const find = (cursor: Parameters<typeof keysetRange>[0]) => {
  const { compare, direction, at, limit } = keysetRange(cursor)
  const sorted = direction === 'asc' ? ids : ids.toReversed()
  return sorted.filter((id) => (compare === '>' ? id > at : id < at)).slice(0, limit)
}
const page = (query: { limit?: number; iterator?: string; order?: 'ascending' | 'descending' }) => {
  const cursor = readIdCursor(query, 'descending', 'message')
  return pageOf(
    find(cursor),
    cursor,
    (id) => showId('message', id),
    (id) => ids.indexOf(id),
  )
}

test.each([
  ['descending', [6, 5, 4, 3, 2, 1, 0]],
  ['ascending', [0, 1, 2, 3, 4, 5, 6]],
] as const)('walking %s there and back again passes every item once', (order, expected) => {
  const there: number[] = []
  let at = page({ limit: 3, order })
  for (;;) {
    there.push(...at.data)
    if (at.done) break
    at = page({ limit: 3, order, iterator: at.iterator! })
  }
  expect(there).toEqual(expected)
  const back = [...at.data]
  for (;;) {
    at = page({ limit: 3, order, iterator: at.prevIterator! })
    back.unshift(...at.data)
    if (at.done) break
  }
  expect(back).toEqual(expected)
})

test('a page that is exactly full and the last one is done', () => {
  expect(page({ limit: 7 }).done).toBe(true)
  expect(page({ limit: 6 }).done).toBe(false)
})

test('an empty page has no iterators', () => {
  expect(page({ iterator: showId('message', ids[0]!) })).toEqual({
    data: [],
    iterator: null,
    prevIterator: null,
    done: true,
  })
})

test.each(['', '-', 'ep_01hzy3k9v2e8r5c7m4n6p8q0sa', 'x'])(
  'the iterator "%s" is refused',
  (iterator) => {
    expect(() => page({ iterator })).toThrow(PomboError)
  },
)

test('times before 1970 and after 9999 are bounds like others', () => {
  const { below, above } = spanBounds({ before: Date.UTC(9999, 11, 31), after: Date.UTC(1, 0, 1) })
  expect(ids.every((id) => id < below && id >= above)).toBe(true)
})
