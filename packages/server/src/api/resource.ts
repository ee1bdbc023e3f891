import { z } from 'zod'
import type { IdKind } from '../core/id.ts'
import type { Access } from './access.ts'
import { type Iterators, iteratorsById, type ListCall, listRoute } from './list.ts'
import { type Cursor, type Found, orderQuery, type Order } from './pagination.ts'
import {
  type Answer,
  type AnyCall,
  type AnswerShape,
  type Call,
  empty,
  json,
  type Method,
  type Route,
  route,
} from './route.ts'
import type { OwnParameters, ParamsOf } from './path.ts'

type Shape = z.ZodRawShape
type None = Record<never, never>
type Read<Fields extends Shape> = z.output<z.ZodObject<Fields>>

/** What one of the five routes says of itself where it differs from the others. */
interface Verb {
  /** The operation id. */
  id?: string
  summary?: string
  description?: string
  access?: Access
  app?: 'existing' | 'any'
  answers?: Record<number, AnswerShape>
}

/** Usually a verb has a function of the store, whose row is shown; `handle` answers by itself. */
type Does<Given, Result> =
  | { store: (call: Given) => Promise<Result>; handle?: never }
  | { handle: (call: Given) => Promise<Answer>; store?: never }

type Bodied<Query extends Shape, Body extends z.ZodType> = Verb & { query?: Query; body: Body }

/**
 * Something that is listed, created, read, changed and deleted, as data. What is left out is not offered: a resource
 * without `put` has no PUT.
 */
export interface Resource<
  Path extends `/${string}`,
  Row,
  ListQuery extends Shape,
  CreateQuery extends Shape,
  In extends z.ZodType,
  Put extends z.ZodType,
  Patch extends z.ZodType,
  DeleteQuery extends Shape,
> {
  /** Of one of them, as OpenAPI writes it: `/api/v1/app/{app_id}/endpoint/{endpoint_id}`. */
  path: Path
  params?: OwnParameters
  /** How the operation ids begin: `v1.endpoint`. */
  id: string
  tag: string
  words: { one: `a ${string}` | `an ${string}`; many: string }
  access: Access
  /** What is answered of one. */
  out: z.ZodType
  show: (row: Row, call: Pick<AnyCall, 'holder'>) => unknown
  list?: Pick<Verb, 'summary' | 'description' | 'access'> & {
    /** Beside `limit`, `iterator` and `order`. */
    query?: ListQuery
    order: Order
    /** Of the answer; made of the words unless given. */
    page?: string
    iterators: Row extends { id: string } ? IdKind | Iterators<Row> : Iterators<Row>
    find: (call: ListCall<'', ListQuery>, cursor: Cursor) => Promise<Found<Row>>
    /** Where a page is shown in another way than row by row. */
    show?: (rows: Row[], call: ListCall<'', ListQuery>) => unknown[] | Promise<unknown[]>
  }
  create?: Bodied<CreateQuery, In> & Does<Call<ParamsOf<''>, Read<CreateQuery>, z.output<In>>, Row>
  get?: Verb & Does<Call<ParamsOf<Path>, undefined, undefined>, Row>
  put?: Bodied<None, Put> &
    Does<Call<ParamsOf<Path>, undefined, z.output<Put>>, { row: Row; created: boolean }>
  patch?: Bodied<None, Patch> & Does<Call<ParamsOf<Path>, undefined, z.output<Patch>>, Row>
  delete?: Verb & { query?: DeleteQuery } & Does<
      Call<ParamsOf<Path>, Read<DeleteQuery>, undefined>,
      unknown
    >
}

/** The routes of a resource. */
export function resource<
  Path extends `/${string}`,
  Row,
  ListQuery extends Shape = None,
  CreateQuery extends Shape = None,
  In extends z.ZodType = z.ZodType,
  Put extends z.ZodType = z.ZodType,
  Patch extends z.ZodType = z.ZodType,
  DeleteQuery extends Shape = None,
>(of: Resource<Path, Row, ListQuery, CreateQuery, In, Put, Patch, DeleteQuery>): Route[] {
  const { path, params, id, tag, words, access, list } = of
  const noun = words.one.replace(/^an? /, '')
  const answer: AnswerShape = { description: `The ${noun}`, body: of.out }
  const collection = path.slice(0, path.lastIndexOf('/')) as `/${string}`
  const shown = async (status: number, row: unknown, call: AnyCall) =>
    json(status, await of.show(row as Row, call))

  /** One of the routes; `usual` is what stands in for what the resource does not say. */
  function verb(
    method: Method,
    where: `/${string}`,
    usual: { id: string; summary: string; answers: Record<number, AnswerShape> },
    own: Erased | undefined,
    answered: (result: unknown, call: AnyCall) => Answer | Promise<Answer>,
  ): Route[] {
    if (own === undefined) return []
    const { store, handle, query, ...rest } = own
    return [
      route({
        at: `${method} ${where}`,
        params,
        tag,
        access,
        ...usual,
        id: `${id}.${usual.id}`,
        ...rest,
        query: query && z.object(query),
        handle: async (call) =>
          handle ? await handle(call as never) : await answered(await store!(call as never), call),
      }),
    ]
  }

  return [
    ...(list === undefined
      ? []
      : [
          listRoute({
            path: collection,
            params,
            id: `${id}.list`,
            tag,
            summary: `List ${words.many}`,
            access,
            item: of.out,
            page: `A page of ${words.many}, ${list.order === 'ascending' ? 'oldest' : 'newest'} first`,
            show: async (rows: Row[], call) =>
              await Promise.all(rows.map((row) => of.show(row, call))),
            ...list,
            // Its own parts see what they have named; the order is read for them.
            query: { ...orderQuery, ...list.query } as unknown as ListQuery,
            iterators:
              typeof list.iterators === 'string'
                ? iteratorsById(list.iterators, idOf)
                : list.iterators,
          }),
        ]),
    ...verb(
      'POST',
      collection,
      { id: 'create', summary: `Create ${words.one}`, answers: { 201: answer } },
      of.create,
      async (row, call) => await shown(201, row, call),
    ),
    ...verb(
      'GET',
      path,
      { id: 'get', summary: `Get ${words.one}`, answers: { 200: answer } },
      of.get,
      async (row, call) => await shown(200, row, call),
    ),
    ...verb(
      'PUT',
      path,
      {
        id: 'update',
        summary: `Set all of ${words.one}, or create it`,
        answers: {
          200: answer,
          201: { ...answer, description: 'It was not there and was created' },
        },
      },
      of.put,
      async (result, call) => {
        const { row, created } = result as { row: Row; created: boolean }
        return await shown(created ? 201 : 200, row, call)
      },
    ),
    ...verb(
      'PATCH',
      path,
      { id: 'patch', summary: `Change parts of ${words.one}`, answers: { 200: answer } },
      of.patch,
      async (row, call) => await shown(200, row, call),
    ),
    ...verb(
      'DELETE',
      path,
      {
        id: 'delete',
        summary: `Delete ${words.one}`,
        answers: { 204: { description: 'Deleted' } },
      },
      of.delete,
      () => empty,
    ),
  ]
}

/** A verb whose types are of one resource only. */
type Erased = Verb & {
  query?: Shape
  body?: z.ZodType
  store?: (call: never) => Promise<unknown>
  handle?: (call: never) => Promise<Answer>
}

const idOf = (row: unknown): string => (row as { id: string }).id
