import { z } from 'zod'
import { invalid } from '../core/error.ts'
import { highestId, type IdKind, lowestId, readId, uuidFloor } from '../core/id.ts'
import { instant, wholeNumber } from './field.ts'
import { say } from '../core/sentences/sentences.ts'

/**
 * Lists are read with iterators, as Svix's are: `iterator` goes on after the page's last item, `prevIterator` (which
 * begins with `-`) goes back before its first. `done` says that nothing more lies in the direction that was asked
 * for.
 */

export const maxPageItems = 250

/** That an empty one is none is for the list to say, in words of its own. */
export function iteratorText(maxLength: number) {
  return z.string().max(maxLength).meta({ minLength: 1 })
}

export const pageQuery = {
  limit: wholeNumber(1, maxPageItems)
    .optional()
    .describe('How many items at most; 50 unless given'),
  iterator: iteratorText(300)
    .optional()
    .describe('The `iterator` or `prevIterator` of an answer to the same request'),
}

export const orderQuery = {
  order: z.enum(['ascending', 'descending']).optional().describe('By time of creation'),
}

/** What was created in a span of time; the ends themselves excluded. Holds together with an iterator. */
export const spanQuery = {
  before: instant.optional().describe('Only what was created before this time'),
  after: instant.optional().describe('Only what was created after this time'),
}

export function listOf(item: z.ZodType) {
  return z.object({
    data: z.array(item),
    iterator: z.string().nullable().describe('Goes on after the last item; null for an empty page'),
    prevIterator: z
      .string()
      .nullable()
      .describe('Goes back before the first item; null for an empty page'),
    done: z.boolean().describe('Whether nothing more lies in this direction'),
  })
}

export interface Page<Item> {
  data: Item[]
  iterator: string | null
  prevIterator: string | null
  done: boolean
}

/**
 * Where a list goes on, and in which direction. It is also what the registry's lists take (`ListOptions` of
 * db/table.ts).
 */
export interface Cursor {
  /** Exclusive; null: from the start. */
  at: string | null
  /** The same for lists that are sorted by id. */
  after: { id: string } | undefined
  /** Towards the first page: the rows are read the other way round, and turned around again for the page. */
  back: boolean
  /** In which rows are read. */
  order: Order
  limit: number
}

export type Order = 'ascending' | 'descending'

interface PageQuery {
  limit?: number | undefined
  iterator?: string | undefined
  order?: Order | undefined
}

/**
 * Reads where a list shall go on. `readKey` turns an iterator into the sort key; undefined: it is none of this
 * list's.
 */
export function readCursor(
  query: PageQuery,
  usual: Order,
  readKey: (text: string) => string | undefined,
): Cursor {
  const order = query.order ?? usual
  const limit = query.limit ?? 50
  if (query.iterator === undefined) return { at: null, after: undefined, back: false, order, limit }
  const back = query.iterator.startsWith('-')
  const at = readKey(back ? query.iterator.slice(1) : query.iterator)
  if (at === undefined) throw invalid(['query', 'iterator'], say('iterator_of_list'))
  return { at, after: { id: at }, back, order: back ? opposite[order] : order, limit }
}

const opposite: Record<Order, Order> = { ascending: 'descending', descending: 'ascending' }

/** For lists that only go on: the id that an iterator names. `at` and `problem`: where it stands elsewhere. */
export function placeIn(
  kind: IdKind,
  iterator: string,
  at = ['query', 'iterator'],
  problem = say('iterator_of_list'),
): string {
  const id = readId(kind, iterator)
  if (id === undefined) throw invalid(at, problem)
  return id
}

/** The uuid behind this one, for a bound that is excluded itself. */
export function uuidBehind(id: string): string {
  const digits = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(32, '0')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The same for lists that are sorted by id. */
export function readIdCursor(query: PageQuery, usual: Order, kind: IdKind): Cursor {
  return readCursor(query, usual, (text) => readId(kind, text))
}

/**
 * For SQL over uuids: `id {compare} at order by id {direction}`, `limit` rows (one more than the page, which says if
 * there are more).
 */
export function keysetRange(cursor: Cursor): {
  compare: '<' | '>'
  direction: 'asc' | 'desc'
  at: string
  limit: number
} {
  const upwards = cursor.order === 'ascending'
  return {
    compare: upwards ? '>' : '<',
    direction: upwards ? 'asc' : 'desc',
    at: cursor.at ?? (upwards ? lowestId : highestId),
    limit: cursor.limit + 1,
  }
}

/** Of ids: up to `below` (exclusive), from `above` on. */
export interface Bounds {
  below: string
  above: string
}

/** The bounds of a span of time, both ends excluded; open where nothing is said. */
export function spanBounds(query: {
  before?: number | undefined
  after?: number | undefined
}): Bounds {
  return {
    below: query.before === undefined ? highestId : uuidFloor(Math.max(query.before, 0)),
    above: query.after === undefined ? lowestId : uuidFloor(Math.max(query.after + 1, 0)),
  }
}

/** Rows with one more than the page holds where there are more, or with that said beside them. */
export type Found<Row> = Row[] | { rows: Row[]; more: boolean }

/** Makes a page of the rows that were found from the cursor on. */
export function pageOf<Row, Item>(
  found: Found<Row>,
  cursor: Cursor,
  iteratorOf: (row: Row) => string,
  show: (row: Row) => Item,
): Page<Item> {
  const { kept, ...ends } = cut(found, cursor, iteratorOf)
  return { data: kept.map(show), ...ends }
}

/** The rows of a page in their order, and what is said of its ends. */
export function cut<Row>(
  found: Found<Row>,
  { limit, back }: Cursor,
  iteratorOf: (row: Row) => string,
): { kept: Row[] } & Omit<Page<Row>, 'data'> {
  const { rows, more } = Array.isArray(found) ? { rows: found, more: found.length > limit } : found
  const kept = rows.slice(0, limit)
  if (back) kept.reverse()
  const first = kept[0]
  const last = kept.at(-1)
  return {
    kept,
    iterator: last === undefined ? null : iteratorOf(last),
    prevIterator: first === undefined ? null : `-${iteratorOf(first)}`,
    done: !more,
  }
}
