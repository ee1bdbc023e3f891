import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { unauthenticated } from '../../core/key-form.ts'
import { showId, uuidFloor } from '../../core/id.ts'
import type { EventTypes } from '../../registry/event-types/store.ts'
import type { Poller, Pollers } from '../../registry/pollers/store.ts'
import { refuseUnknownTypes } from '../endpoints/event-types.ts'
import { placeIn } from '../pagination.ts'
import { resource } from '../resource.ts'
import { cloudOnly, type Call, json, type Route, route } from '../route.ts'
import { leaseRoutes } from './lease.ts'
import { type PollerDeps, pollerOf } from './poller-of.ts'
import type { PushDeps } from './push.ts'
import { pushRoute } from './push-routes.ts'
import { pageText, type ReadPage, readMessagesFrom } from './read.ts'
import {
  consumerQuery,
  pollerIn,
  pollerOut,
  pollerPatch,
  pollOut,
  pollQuery,
  seekIn,
  seekOut,
} from './schema.ts'
import { placeOf, savePlace } from './store.ts'

const tag = 'Polling Endpoint'
const path = '/api/v1/app/{app_id}/poller/{sink_id}'
const consumerPath = `${path}/consumer/{consumer_id}` as const

type PollerIn = z.output<typeof pollerIn>

interface PollerSettingsDeps {
  pollers: Pollers
  eventTypes: Pick<EventTypes, 'unknownOf' | 'names'>
}

/** Consumers that read an app's messages at their own pace, instead of having them sent. */
export function pollerRoutes(deps: PollerDeps & PollerSettingsDeps & PushDeps): Route[] {
  return [...settingsRoutes(deps), ...pollRoutes(deps), ...leaseRoutes(deps), pushRoute(deps)]
}

function settingsRoutes({ pollers, eventTypes }: PollerSettingsDeps): Route[] {
  const settingsOf = async (
    { holder, body }: Pick<Call<unknown, unknown, PollerIn>, 'holder' | 'body'>,
    kept?: () => Promise<string[] | null>,
  ) => {
    await refuseUnknownTypes(eventTypes, holder, body.eventTypes, { kept })
    return settings(body)
  }
  return resource({
    path: '/api/v1/app/{app_id}/polling-endpoint/{sink_id}',
    id: 'v1.polling-endpoint',
    tag,
    words: { one: 'a polling endpoint', many: 'polling endpoints' },
    access: 'app',
    out: pollerOut,
    show,
    list: {
      order: 'descending',
      iterators: 'poller',
      find: async (call, cursor) => await pollers.list(call.scope, cursor),
    },
    create: {
      body: pollerIn,
      store: async (call) => await pollers.create(call.scope, await settingsOf(call)),
    },
    get: { store: async (call) => await pollers.get(call.scope, call.params.sink_id) },
    patch: {
      body: pollerPatch,
      async store(call) {
        const { sink_id: id } = call.params
        const kept = async () => (await pollers.get(call.scope, id)).eventTypes
        return await pollers.patch(call.scope, id, await settingsOf(call, kept))
      },
    },
    delete: {
      description: "Its consumers' places and its tokens go with it; the messages stay.",
      store: async (call) => await pollers.delete(call.scope, call.params.sink_id),
    },
  })
}

function pollRoutes(deps: PollerDeps & Asks): Route[] {
  const { db } = deps
  const answers = { 200: { description: 'Messages, oldest first', body: pollOut } }
  return [
    route({
      at: `GET ${path}`,
      id: 'v1.message.poller.poll',
      tag,
      summary: 'Read messages from where an iterator stands',
      description: `Some three seconds after they were accepted. ${cloudOnly}`,
      access: 'app',
      use: 'poll',
      query: pollQuery,
      answers,
      async handle(call) {
        const poller = await pollerOf(deps.pollers, call, call.params.sink_id)
        const { iterator, after, limit, wait, event_type: type, channel } = call.query
        const wanted = {
          ...poller,
          // What is asked for narrows what the endpoint is for.
          filter: both(poller.filter, [
            type === undefined ? null : `eventType == ${JSON.stringify(type)}`,
            channel === undefined ? null : `${JSON.stringify(channel)} in channels`,
          ]),
        }
        const from =
          iterator === undefined
            ? uuidFloor(Math.max(0, after ?? poller.createdAtMs))
            : placeIn('message', iterator)
        return await answered(
          deps,
          call,
          poller.appId,
          async (at) => await readMessagesFrom(deps, wanted, at, limit ?? 50),
          from,
          wait,
        )
      },
    }),
    route({
      at: `GET ${consumerPath}`,
      id: 'v1.message.poller.consumer-poll',
      tag,
      summary: 'Read messages from where a consumer stands, which Pombo keeps',
      description:
        'Give the `iterator` of the answer before with the next request: it says that all up to it is done with. ' +
        `What was not yet done with comes again, so a consumer that dies misses nothing. ${cloudOnly}`,
      access: 'app',
      use: 'poll',
      query: consumerQuery,
      answers,
      async handle(call) {
        const { sink_id: sink, consumer_id: consumer } = call.params
        const poller = await pollerOf(deps.pollers, call, sink)
        const { iterator, limit, wait } = call.query
        if (iterator !== undefined)
          await savePlace(db, poller, consumer, placeIn('message', iterator))
        const from = (await placeOf(db, poller.id, consumer)) ?? uuidFloor(poller.createdAtMs)
        return await answered(
          deps,
          call,
          poller.appId,
          async (at) => await readMessagesFrom(deps, poller, at, limit ?? 50),
          from,
          wait,
        )
      },
    }),
    route({
      at: `POST ${consumerPath}/seek`,
      id: 'v1.message.poller.consumer-seek',
      tag,
      summary: 'Set where a consumer stands',
      description: `Back or forth, within what is kept. ${cloudOnly}`,
      access: 'app',
      use: 'poll',
      idempotency: 'own',
      body: seekIn,
      answers: { 200: { description: 'Where it stands', body: seekOut } },
      async handle(call) {
        const poller = await pollerOf(deps.pollers, call, call.params.sink_id)
        const after = uuidFloor(Math.max(0, call.body.after))
        await savePlace(db, poller, call.params.consumer_id, after)
        return json(200, { iterator: showId('message', after) })
      },
    }),
  ]
}

type Asks = Pick<PushDeps, 'credential' | 'arrivals'>

/** Waits, where that is asked for, until there is something, the caller is gone, or may read no longer. */
async function answered(
  { credential, arrivals }: Asks,
  { request }: Pick<Call<unknown, unknown, unknown>, 'request'>,
  appId: string,
  read: (after: string) => Promise<ReadPage>,
  from: string,
  waitSeconds = 0,
) {
  const end = performance.now() + waitSeconds * 1_000
  let page = await read(from)
  let seen = page.after
  while (page.data.length === 0 && performance.now() < end && !request.socket.destroyed) {
    // Where much was passed over, the next look goes on at once.
    const news = page.done ? await arrivals.next(appId, seen) : undefined
    const presented = await credential(request)
    if (!presented.known) throw unauthenticated(presented.reason)
    if (news?.found === false) seen = news.after
    else {
      page = await read(seen)
      seen = page.after
    }
  }
  return { status: 200, text: pageText(page) }
}

function both(filter: string | null, parts: (string | null)[]): string | null {
  const all = [filter === null ? null : `(${filter})`, ...parts].filter((part) => part !== null)
  return all.length === 0 ? null : all.join(' && ')
}

function settings(body: PollerIn) {
  const given = defined(body)
  return {
    ...given,
    ...(given.eventTypes?.length === 0 && { eventTypes: null }),
    ...(given.channels?.length === 0 && { channels: null }),
  }
}

function show(poller: Poller): z.output<typeof pollerOut> {
  return {
    id: showId('poller', poller.id),
    uid: poller.uid,
    name: poller.name,
    eventTypes: poller.eventTypes,
    filterTypes: poller.eventTypes,
    channels: poller.channels,
    filter: poller.filter,
    createdAt: iso(poller.createdAtMs),
    updatedAt: iso(poller.updatedAtMs),
  }
}
