import { z } from 'zod'
import { type Clock, iso } from '../../core/clock.ts'
import { invalid } from '../../core/error.ts'
import { readId, showId, uuidFloor, uuidTimeMs } from '../../core/id.ts'
import type { Queryable } from '../../db/pool.ts'
import { channel, eventTypeName, idOrUid, instant, list, tag, time, nonEmpty } from '../field.ts'
import { listOf, pageQuery, placeIn, uuidBehind } from '../pagination.ts'
import { json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { appInQuery } from '../traffic/app-in-query.ts'
import {
  appsToSearch,
  byEventId,
  type FoundMessage,
  lookAtMessages,
  type SearchFilter,
  type Standing,
  standingOf,
} from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

export type SearchDeps = Needs<'reads' | 'clock' | 'appIdOf'>

/** Apps that are looked through at once. */
const APPS = 300
/** Messages that one request looks at, and for how long. */
const LOOKED_AT = 20_000
const CHUNK = 500
const FOR_MS = 40

const text = z.string().nullable()
const count = z.int().min(0)

const foundOut = z
  .object({
    id: z.string(),
    appId: z.string(),
    appUid: text,
    eventType: z.string(),
    eventId: text,
    channels: z.array(z.string()).nullable(),
    tags: z.array(z.string()).nullable(),
    orderingKey: text,
    createdAt: time,
    payloadBytes: z.int(),
    unmatched: text.describe('Why no endpoint got it; null where one did'),
    states: z.object({ waiting: count, delivered: count, exhausted: count, discarded: count }),
  })
  .meta({
    id: 'FoundMessageOut',
    examples: [
      {
        id: 'msg_01hzy3k9v2e8r5c7m4n6p8q0sa',
        appId: 'app_01hzy3k9v2e8r5c7m4n6p8q0sa',
        appUid: 'shop-17',
        eventType: 'order.paid',
        eventId: null,
        channels: null,
        tags: null,
        orderingKey: null,
        createdAt: '2026-01-31T09:30:00.000Z',
        payloadBytes: 182,
        unmatched: null,
        states: { waiting: 0, delivered: 2, exhausted: 0, discarded: 0 },
      },
    ],
  })

const searchOut = listOf(foundOut)
  .extend({
    searched: z.object({
      from: time,
      until: time,
      messages: count,
      complete: z
        .boolean()
        .describe('false: it stopped at its bound; the iterator looks further back'),
    }),
  })
  .meta({ id: 'MessageSearchOut' })

const query = z.object({
  q: nonEmpty(300)
    .optional()
    .describe('The id of a message, or a producer’s id of an event: found exactly'),
  app_id: idOrUid.optional(),
  event_type: list(eventTypeName),
  channel: channel.optional(),
  tag: tag.optional(),
  event_id: nonEmpty(256).optional(),
  ordering_key: nonEmpty(512).optional(),
  state: z
    .enum(['unmatched', 'waiting', 'delivered', 'exhausted', 'discarded'])
    .optional()
    .describe(
      'unmatched: no endpoint got it; else with a delivery that waits, was delivered, given up, or closed unsent',
    ),
  text: z
    .string()
    .min(2)
    .max(200)
    .optional()
    .describe('Within payloads, in any case; those that are kept sealed are not read'),
  since: instant.optional(),
  until: instant.optional(),
  ...pageQuery,
})

/** `GET /api/v1/search/message`: messages of all apps, in bounded time. */
export function searchRoute(deps: SearchDeps): Route {
  const { reads, clock } = deps
  return route({
    at: 'GET /api/v1/search/message',
    id: 'v1.search.messages',
    tag: 'Message',
    summary: 'Search messages, newest first',
    description:
      `Looks at ${LOOKED_AT} messages at most, says how far it looked, and goes on by the iterator. Accounts of more ` +
      `than ${APPS} applications name one.`,
    access: 'app',
    query,
    answers: { 200: { description: 'What was found, and how far it was looked', body: searchOut } },
    async handle(call) {
      const { holder, query } = call
      const db = reads(call)
      const own = await appInQuery(deps, holder, query.app_id)
      const appIds = own === null ? await appsToSearch(db, holder.tenantId, APPS) : [own]
      if (appIds.length > APPS)
        throw invalid(['query', 'app_id'], say('app_needed', { limit: APPS }))
      const untilMs = query.until ?? clock.now() + 60_000
      if (query.since !== undefined && query.since >= untilMs)
        throw invalid(['query', 'since'], { msg: 'must lie before until', code: 'time_order' })
      const span = {
        below:
          query.iterator === undefined ? uuidFloor(untilMs) : placeIn('message', query.iterator),
        above: uuidFloor(Math.max(0, query.since ?? 0)),
      }
      const named = query.q === undefined ? undefined : await idsOf(db, appIds, query.q)
      const state = query.state === 'unmatched' ? undefined : query.state
      const looked = named
        ? await exactly(db, appIds, named)
        : await look({ db, clock }, appIds, span, filterOf(query), query.limit ?? 50, state)
      const standing = Map.groupBy(await standingOf(db, looked.found), (one) => one.message_id)
      const { last, complete } = looked
      return json(200, {
        data: looked.found.map((one) => show(one, standing.get(one.id) ?? [])),
        iterator: last === null ? null : showId('message', last),
        prevIterator: null,
        done: complete,
        searched: {
          from: iso(complete || last === null ? uuidTimeMs(span.above) : uuidTimeMs(last)),
          until: iso(Math.min(uuidTimeMs(span.below), clock.now())),
          messages: looked.messages,
          complete,
        },
      })
    },
  })
}

interface Looked {
  found: FoundMessage[]
  messages: number
  last: string | null
  complete: boolean
}

async function look(
  { db, clock }: { db: Queryable; clock: Clock },
  appIds: readonly string[],
  span: { below: string; above: string },
  filter: SearchFilter,
  limit: number,
  state: Standing['state'] | undefined,
): Promise<Looked> {
  const looked: Looked = { found: [], messages: 0, last: null, complete: false }
  const untilMs = clock.monotonic() + FOR_MS
  // Without a filter every message is wanted: no more are looked at than are shown.
  const narrow =
    state !== undefined || Object.values(filter).some((value) => value !== null && value !== false)
  while (looked.messages < LOOKED_AT) {
    const size = narrow ? CHUNK : limit - looked.found.length
    const begunMs = clock.monotonic()
    const chunk = await lookAtMessages(
      db,
      appIds,
      { ...span, below: looked.last ?? span.below },
      filter,
      size,
    )
    const standing = state && new Set(await inState(db, chunk, state))
    for (const one of chunk) {
      looked.messages += 1
      looked.last = one.id
      if (one.wanted && (!standing || standing.has(one.id))) looked.found.push(one)
      if (looked.found.length === limit) return looked
    }
    if (chunk.length < size) return { ...looked, complete: true }
    // Another one would take as long, and end too late.
    if (2 * clock.monotonic() - begunMs > untilMs) break
  }
  return looked
}

async function inState(
  db: Queryable,
  chunk: readonly FoundMessage[],
  state: Standing['state'],
): Promise<string[]> {
  const wanted = chunk.filter((one) => one.wanted)
  const rows = await standingOf(db, wanted)
  return rows.filter((row) => row.state === state).map((row) => row.message_id)
}

async function exactly(
  db: Queryable,
  appIds: readonly string[],
  ids: readonly string[],
): Promise<Looked> {
  const found: FoundMessage[] = []
  for (const id of ids) {
    const span = { below: uuidBehind(id), above: id }
    found.push(...(await lookAtMessages(db, appIds, span, everything, 1)))
  }
  return { found, messages: found.length, last: null, complete: true }
}

const everything: SearchFilter = {
  eventTypes: null,
  channel: null,
  tag: null,
  eventId: null,
  orderingKey: null,
  unmatchedOnly: false,
  text: null,
}

function filterOf(given: z.output<typeof query>): SearchFilter {
  return {
    eventTypes: given.event_type ?? null,
    channel: given.channel ?? null,
    tag: given.tag ?? null,
    eventId: given.event_id ?? null,
    orderingKey: given.ordering_key ?? null,
    unmatchedOnly: given.state === 'unmatched',
    text: given.text ?? null,
  }
}

async function idsOf(db: Queryable, appIds: readonly string[], q: string): Promise<string[]> {
  const id = readId('message', q.trim())
  return id === undefined ? await byEventId(db, appIds, q.trim()) : [id]
}

function show(row: FoundMessage, standing: readonly Standing[]): z.output<typeof foundOut> {
  const n = (state: Standing['state']) => standing.find((one) => one.state === state)?.n ?? 0
  return {
    id: showId('message', row.id),
    appId: showId('app', row.app_id),
    appUid: row.app_uid,
    eventType: row.event_type,
    eventId: row.event_id,
    channels: row.channels,
    tags: row.tags,
    orderingKey: row.ordering_key,
    createdAt: iso(uuidTimeMs(row.id)),
    payloadBytes: row.payload_bytes,
    unmatched: row.unmatched,
    states: {
      waiting: n('waiting'),
      delivered: n('delivered'),
      exhausted: n('exhausted'),
      discarded: n('discarded'),
    },
  }
}
