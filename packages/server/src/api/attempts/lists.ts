import type { z } from 'zod'
import type { Endpoint } from '../../core/endpoint.ts'
import { readId } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import type { Holder } from '../access.ts'
import { type AttemptRow, attemptsByMessage } from '../history/attempts/store.ts'
import { deletedDestinations } from '../history/deliveries/store.ts'
import { attemptsByEndpoint } from '../history/endpoint-attempts/store.ts'
import type { AttemptFilter } from '../history/filter.ts'
import { type Messages, readMessages, type StoredMessage } from '../history/messages/store.ts'
import { iteratorsById, textListRoute } from '../list.ts'
import { messageJson } from '../messages/message-json.ts'
import { messagePage } from '../messages/message-page.ts'
import { requireMessage } from '../messages/routes.ts'
import { withContent } from '../messages/schema.ts'
import type { Cursor } from '../pagination.ts'
import { pathParameters } from '../path.ts'
import type { Route } from '../route.ts'
import { type AttemptDeps, pick } from './endpoint-of.ts'
import { attemptOut, attemptQuery } from './schema.ts'
import { showAttempt } from './show.ts'
import { filterOf } from './status.ts'

const iterators = iteratorsById('attempt', ({ id }: AttemptRow) => id)
const query = { ...attemptQuery, ...withContent }
const ofEndpoint = pathParameters.endpoint_id
  .optional()
  .describe('Only attempts to this endpoint; one that was deleted since by its id')

type ListDeps = Omit<AttemptDeps, 'db'> & Messages

/** What the four have in common: each names a message, an endpoint, or both. */
interface Call {
  holder: Holder
  appId: string
  params: { msg_id?: string; endpoint_id?: string }
  query: z.output<z.ZodObject<typeof query>> & { endpoint_id?: string | undefined }
}

/** Two paths are those of clients 1.x for the same. */
const lists = [
  {
    path: '/attempt/endpoint/{endpoint_id}',
    id: 'list-by-endpoint',
    summary: "List an endpoint's attempts, newest first",
    query,
  },
  {
    path: '/attempt/msg/{msg_id}',
    id: 'list-by-msg',
    summary: "List a message's attempts, newest first",
    query: { ...query, endpoint_id: ofEndpoint },
  },
  {
    path: '/msg/{msg_id}/attempt',
    id: 'list-by-msg-deprecated',
    summary: "List a message's attempts, as clients 1.x ask",
    query: { ...query, endpoint_id: ofEndpoint },
  },
  {
    path: '/msg/{msg_id}/endpoint/{endpoint_id}/attempt',
    id: 'list-by-endpoint-deprecated',
    summary: "List a message's attempts to one endpoint, as clients 1.x ask",
    query,
  },
]

/** Attempts of an endpoint, and of a message. */
export function attemptLists(deps: AttemptDeps): Route[] {
  return lists.map((list) =>
    textListRoute({
      ...list,
      path: `/api/v1/app/{app_id}${list.path}`,
      id: `v1.message-attempt.${list.id}`,
      tag: 'Message Attempt',
      access: 'app',
      order: 'descending',
      iterators,
      item: attemptOut,
      page: 'A page of attempts',
      async answer(given, cursor) {
        const call = given as unknown as Call
        // Of a message it is asked right after it was sent, when a replica may not have it yet.
        const isOfMessage = call.params.msg_id !== undefined
        const from = { ...deps, db: isOfMessage ? deps.db : deps.reads(given) }
        return await attemptPage(from, call, cursor, await find(from, call, cursor))
      },
    }),
  )
}

/** By what the path and the query name: a message, an endpoint, or both. */
async function find(deps: ListDeps, call: Call, cursor: Cursor): Promise<AttemptRow[]> {
  const { db, endpointsOf } = deps
  const { holder, appId, params, query } = call
  const message =
    params.msg_id === undefined
      ? undefined
      : await requireMessage(deps, appId, params.msg_id, 'no payload')
  const named = params.endpoint_id ?? query.endpoint_id
  const endpoint =
    named === undefined
      ? undefined
      : await idOf(db, await endpointsOf(holder.tenantId, appId), message, named)
  const filter: AttemptFilter = filterOf(query)
  return message === undefined
    ? await attemptsByEndpoint(db, endpoint!, filter, cursor, query.with_content)
    : await attemptsByMessage(
        db,
        message,
        { ...filter, endpointId: endpoint },
        cursor,
        query.with_content,
      )
}

/** Of a message's endpoint its id will do though it was deleted since: the message's attempts tell it. */
async function idOf(
  db: Queryable,
  endpoints: readonly Endpoint[],
  message: StoredMessage | undefined,
  named: string,
): Promise<string> {
  const id = readId('endpoint', named)
  const known = endpoints.map((one) => one.id)
  if (id === undefined || message === undefined || known.includes(id))
    return pick(endpoints, named).id
  const deleted = await deletedDestinations(db, message.id, known)
  return deleted.some((row) => row.endpoint_id === id) ? id : pick(endpoints, named).id
}

async function attemptPage(
  deps: ListDeps,
  { appId, query }: Call,
  cursor: Cursor,
  rows: AttemptRow[],
) {
  const ids = query.with_msg === true ? [...new Set(rows.map((row) => row.message_id))] : []
  const messages = await readMessages(
    deps,
    ids.map((id) => ({ appId, id })),
    'no payload',
  )
  return await messagePage(deps, rows, cursor, {
    messageOf: (row) => messages.get(row.message_id),
    iteratorOf: iterators.write,
    show: (row) => {
      const text = JSON.stringify(showAttempt(row))
      const message = messages.get(row.message_id)
      if (message === undefined) return text
      return `${text.slice(0, -1)},"msg":${messageJson(message, query.with_content)}}`
    },
    withContent: query.with_content,
  })
}
