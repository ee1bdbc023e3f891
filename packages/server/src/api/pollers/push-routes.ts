import { uuidFloor } from '../../core/id.ts'
import { placeIn } from '../pagination.ts'
import { isUpgrade, webSocketOf } from '../door/upgrade.ts'
import { type Route, route } from '../route.ts'
import { asEvents, asPages } from './connections.ts'
import { type PollerDeps, pollerOf } from './poller-of.ts'
import { Pushing, type PushDeps } from './push.ts'
import { polledOut, pushQuery } from './schema.ts'
import { placeOf, savePlace } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

/** An acknowledgement is one iterator. */
const MOST_SAID_BYTES = 4_096

/** `GET …/consumer/{consumer_id}/stream`: by server-sent events, or as a WebSocket where the request asks for one. */
export function pushRoute(deps: PollerDeps & PushDeps): Route {
  const { db, pollers } = deps
  const pushing = new Pushing(deps)
  return route({
    at: 'GET /api/v1/app/{app_id}/poller/{sink_id}/consumer/{consumer_id}/stream',
    id: 'v1.message.poller.consumer-stream',
    tag: 'Polling Endpoint',
    summary: 'Have messages pushed to a connected consumer, as they come',
    description:
      'Server-sent events: each `message` has the iterator behind it as its `id`. Coming back with the last one in ' +
      '`Last-Event-ID`, as a browser does by itself, says that all up to it is done with. `beat` comes every 15 s, ' +
      '`end` says why it is over. Asked for as a WebSocket: texts `{"data": […], "iterator": "…", "done": …}`, the ' +
      'next after `{"iterator": "…"}` came back, which says that all up to it is done with. Either way what is not ' +
      "done with comes again at the next connection. Pombo's own.",
    access: 'app',
    use: 'poll',
    query: pushQuery,
    answers: {
      200: {
        description: 'A stream of messages, some three seconds after they were accepted',
        body: polledOut,
        mediaType: 'text/event-stream',
      },
    },
    async handle(call) {
      const { sink_id: sink, consumer_id: consumer } = call.params
      const { request, reply } = call
      const poller = await pollerOf(pollers, call, sink)
      const { limit = 50, last_event_id: lastInQuery } = call.query
      const given = lastInQuery ?? request.headers['last-event-id']
      const lastId = Array.isArray(given) ? given[0] : given
      if (request.method === 'HEAD') return { status: 200 }
      const done = async (after: string) => await savePlace(db, poller, consumer, after)
      if (lastId !== undefined && lastId !== '')
        await done(placeIn('message', lastId, ['query', 'last_event_id'], say('no_id_of_stream')))
      const from = (await placeOf(db, poller.id, consumer)) ?? uuidFloor(poller.createdAtMs)
      // Only here: what is waited for between this and `run` is not counted yet.
      pushing.admit()
      const connection = isUpgrade(request)
        ? asPages(await webSocketOf(request, reply, MOST_SAID_BYTES), done)
        : asEvents(reply)
      void pushing.run(connection, { request, from, limit, poller }, async () =>
        pollerOf(pollers, call, sink),
      )
      return { status: 200, taken: true }
    },
  })
}
