import { z } from 'zod'
import { type IdKind, readId, showId } from '../core/id.ts'
import {
  type Cursor,
  cut,
  type Found,
  listOf,
  type Order,
  pageQuery,
  readCursor,
} from './pagination.ts'
import type { OwnParameters, ParamsOf } from './path.ts'
import { type Answer, type Call, type Described, json, type Route, route } from './route.ts'

/** How a list's iterators name a row, and how they are read; usually by the shown id of the row. */
export interface Iterators<Row> {
  /** The sort key of an iterator; undefined: it is none of this list's. */
  read: (text: string) => string | undefined
  write: (row: Row) => string
}

/** Iterators are ids of the kind. `idOf`: where a row has it, unless it is its `id`. */
export function iteratorsById<Row>(kind: IdKind, idOf: (row: Row) => string): Iterators<Row> {
  return { read: (text) => readId(kind, text), write: (row) => showId(kind, idOf(row)) }
}

type Shape = z.ZodRawShape
type None = Record<never, never>

/** The call that a list's parts get: `limit` and `iterator` are read already. */
export type ListCall<Path extends string, Query extends Shape> = Call<
  ParamsOf<Path>,
  z.output<z.ZodObject<Query>>,
  undefined
>

export interface List<Path extends string, Query extends Shape, Row> extends Described {
  path: Path
  params?: OwnParameters | undefined
  /** Beside `limit` and `iterator`; with `orderQuery` where the order can be asked for. */
  query?: Query
  /** Unless another one is asked for. */
  order: Order
  iterators: Iterators<Row>
  item: z.ZodType
  /** Of the answer: `A page of applications, oldest first`. */
  page: string
  /** From the cursor on, in its order. */
  find: (call: ListCall<Path, Query>, cursor: Cursor) => Promise<Found<Row>>
  show: (rows: Row[], call: ListCall<Path, Query>) => unknown[] | Promise<unknown[]>
}

/** A path that answers a list, page by page. All lists of the API are made by this or by `textListRoute`. */
export function listRoute<Row, Path extends `/${string}`, Query extends Shape = None>(
  list: List<Path, Query, Row>,
): Route {
  const { find, show, ...rest } = list
  return textListRoute({
    ...rest,
    async answer(call, cursor) {
      const { kept, ...ends } = cut(await find(call, cursor), cursor, list.iterators.write)
      return json(200, { data: await show(kept, call), ...ends })
    },
  })
}

/** A list whose answer is not to be written by `JSON.stringify`: its items are JSON text already. */
export function textListRoute<Row, Path extends `/${string}`, Query extends Shape = None>({
  path,
  query,
  order,
  iterators,
  item,
  page,
  answer,
  ...rest
}: Omit<List<Path, Query, Row>, 'find' | 'show'> & {
  answer: (call: ListCall<Path, Query>, cursor: Cursor) => Promise<Answer>
}): Route {
  return route({
    ...rest,
    at: `GET ${path}`,
    query: z.object({ ...pageQuery, ...query }),
    answers: { 200: { description: page, body: listOf(item) } },
    handle: async (call) =>
      await answer(
        // Read by the very schemas that this type names.
        call as unknown as ListCall<Path, Query>,
        readCursor(call.query, order, iterators.read),
      ),
  })
}
