import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import type { LiveEvent } from '../../traffic/live/event.ts'
import { type Live, MOST_VIEWERS, type Viewer } from '../../traffic/live/live.ts'
import { openEventStream } from '../event-stream.ts'
import { refusal } from '../field.ts'
import { notOfferedAt } from '../not-offered.ts'
import { type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { appInQuery } from '../traffic/app-in-query.ts'
import { streamEventOut, streamQuery } from './schema.ts'
import { say } from '../../core/sentences/sentences.ts'

export type StreamDeps = Needs<'appIdOf' | 'credential'> & { live: Live }

/** How often it is looked whether the viewer may still watch. */
const ASK_AGAIN_MS = 5_000
const HEARTBEAT_SECONDS = 15

/** `GET /api/v1/stream`: what is accepted and tried, as it happens. */
export function streamRoute(deps: StreamDeps): Route {
  const { live } = deps
  return route({
    at: 'GET /api/v1/stream',
    id: 'v1.stream.get',
    tag: 'Traffic',
    summary: 'Messages and attempts as they happen, as server-sent events',
    description:
      'Events of all nodes. `hello` comes first; `events` has a list of StreamEvent and an id to go on from; ' +
      '`dropped` says how many were left out for a viewer that was too slow or away for too long; `beat` comes ' +
      "every 15 s; `end` says why it is over. Payloads are not in it. Svix's clients ask here for a list of what " +
      'Pombo does not have, and are told so.',
    access: 'app',
    query: streamQuery,
    answers: {
      200: {
        description: 'A stream of events',
        body: streamEventOut,
        mediaType: 'text/event-stream',
      },
      501: { description: 'A list is asked for', body: refusal },
    },
    async handle({ holder, query, request, reply }) {
      if (wantsList(request)) throw notOfferedAt('/api/v1/stream')!
      const appId = await appInQuery(deps, holder, query.app_id)
      const wanted = filterOf(query)
      if (request.method === 'HEAD') return { status: 200 }
      if (live.viewers >= MOST_VIEWERS)
        throw new PomboError('overloaded', {
          detail: say('viewers_enough', { count: MOST_VIEWERS }),
        })
      const given = query.last_event_id ?? request.headers['last-event-id']
      const lastId = Array.isArray(given) ? given[0] : given
      const scope = { tenantId: holder.tenantId, appId }
      open(deps, { request, reply }, { scope, wanted }, lastId)
      return { status: 200, taken: true }
    },
  })
}

/** As Svix's clients ask for its streams. Those of some languages take any type, and would wait for an end. */
function wantsList({ headers }: FastifyRequest): boolean {
  const { accept = '', 'user-agent': agent = '' } = headers
  if (accept.includes('text/event-stream')) return false
  return accept.includes('application/json') || /svix-libs\//i.test(agent)
}

/** Takes the connection over, until the viewer goes, may watch no longer, or the node stops. */
function open(
  { live, credential }: StreamDeps,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  view: Pick<Viewer, 'scope' | 'wanted'>,
  lastId: string | undefined,
): void {
  const { raw, write } = openEventStream(reply)
  const viewer: Viewer = {
    ...view,
    ready: () => !raw.writableNeedDrain && !raw.destroyed,
    send({ events, dropped }, id) {
      if (dropped > 0) write('dropped', JSON.stringify({ count: dropped }))
      if (events.length > 0) write('events', `[${events.join(',')}]`, id)
    },
    beat: () => void write('beat', JSON.stringify({ at: new Date().toISOString() })),
    end(reason) {
      close()
      raw.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`)
    },
  }
  const { resumed, leave } = live.watch(viewer, lastId)
  const asking = setInterval(() => {
    credential(request).then(
      (presented) => {
        if (!presented.known) viewer.end(presented.reason)
      },
      // Not known at the moment; a viewer of a database that is away sees nothing anyway.
      () => {},
    )
  }, ASK_AGAIN_MS)
  const close = () => {
    clearInterval(asking)
    leave()
  }
  raw.on('close', close)
  raw.on('error', close)
  write('hello', JSON.stringify({ heartbeatSeconds: HEARTBEAT_SECONDS, resumed }))
}

type Query = z.output<typeof streamQuery>

function filterOf({ event_type, endpoint_id, source, state }: Query): Viewer['wanted'] {
  const types = event_type && new Set(event_type)
  const sources = source && new Set(source)
  const states = state && new Set<string>(state)
  const endpoints =
    endpoint_id &&
    new Set(
      endpoint_id.map((shown) => {
        const id = readId('endpoint', shown)
        if (id === undefined)
          throw invalid(['query', 'endpoint_id'], say('no_endpoint_id', { id: shown }))
        return id
      }),
    )
  return (event: LiveEvent) =>
    (types?.has(event.eventType) ?? true) &&
    (states?.has(event.state) ?? true) &&
    (sources === undefined || (event.source !== null && sources.has(event.source))) &&
    (endpoints === undefined || (event.endpointId !== null && endpoints.has(event.endpointId)))
}
