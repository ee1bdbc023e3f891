import { z } from 'zod'
import type { Endpoint } from '../../core/endpoint.ts'
import { invalid, PomboError } from '../../core/error.ts'
import type { IncomingMessage } from '../../core/message.ts'
import { startRecovery } from '../background-tasks/store.ts'
import { refuseForgotten } from '../background-tasks/kept.ts'
import { recoverOut, showBegun } from '../background-tasks/schema.ts'
import type { EventTypes } from '../../registry/event-types/store.ts'
import { exampleOf } from '../event-types/example.ts'
import { instant } from '../field.ts'
import { refuseUnknownTypes } from './event-types.ts'
import { messageJson } from '../messages/message-json.ts'
import { messageOut } from '../messages/schema.ts'
import { settled } from '../messages/send.ts'
import type { Holder } from '../access.ts'
import { empty, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { type EndpointCollection, endpointCollectionRoutes, withHealth } from './collection.ts'
import { circuitIn, exampleIn, headersPatch, recoverIn, stats } from './action-schema.ts'
import { endpointIn, endpointPatch, endpointUpdate, endpointWithHealth } from './schema.ts'
import { countDeliveries, setCircuit } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

export type EndpointDeps = Needs<
  'db' | 'payloads' | 'endpoints' | 'clock' | 'retentionDays' | 'eventTypes' | 'accept' | 'wake'
> & {
  /** This node's cache need not wait for the change to come round. */
  changed: (appId: string, endpointId: string) => void
}

const tag = 'Endpoint'
const path = '/api/v1/app/{app_id}/endpoint/{endpoint_id}'
const out = { description: 'The endpoint', body: endpointWithHealth }
/** Of all paths below an endpoint. */
const below = { tag, access: 'app' } as const

const appEndpoints: Omit<EndpointCollection, 'checkTypes' | 'bodies'> = {
  path,
  id: 'v1.endpoint',
  patchId: 'patch_endpoint',
  tag,
  access: 'app',
  scope: ({ scope }) => scope,
}

export function endpointRoutes(deps: EndpointDeps): Route[] {
  return [
    ...endpointCollectionRoutes(deps, {
      ...appEndpoints,
      bodies: { create: endpointIn, put: endpointUpdate, patch: endpointPatch },
      checkTypes: async (holder, wanted, kept) =>
        await refuseUnknownTypes(deps.eventTypes, holder, wanted, { kept }),
    }),
    patchHeadersRoute(deps),
    statsRoute(deps),
    recoverRoute(deps),
    exampleRoute(deps),
    ...switches(deps),
    circuitRoute(deps),
  ]
}

function patchHeadersRoute({ endpoints }: EndpointDeps): Route {
  return route({
    ...below,
    at: `PATCH ${path}/headers`,
    id: 'v1.endpoint.patch-headers',
    summary: 'Change some of the further request headers',
    body: headersPatch,
    answers: { 204: { description: 'Changed' } },
    async handle(call) {
      const removed = Object.fromEntries(
        (call.body.deleteHeaders ?? []).map((name) => [name, null]),
      )
      await endpoints.patchHeaders(call.scope, call.params.endpoint_id, {
        ...call.body.headers,
        ...removed,
      })
      return empty
    },
  })
}

const usualSpanMs = 28 * 86_400_000

function statsRoute({ db, endpoints, clock }: EndpointDeps): Route {
  return route({
    ...below,
    at: `GET ${path}/stats`,
    id: 'v1.endpoint.get-stats',
    summary: "Count an endpoint's deliveries",
    description:
      'Of the last 28 days unless a time is given; finished deliveries are counted by the minute.',
    query: z.object({ since: instant.optional(), until: instant.optional() }),
    answers: { 200: { description: 'The counts', body: stats } },
    async handle(call) {
      const { id } = await endpoints.get(call.scope, call.params.endpoint_id)
      const until = call.query.until ?? clock.now() + 1_000
      const since = call.query.since ?? until - usualSpanMs
      if (since > until)
        throw invalid(['query', 'since'], { msg: 'lies after until', code: 'time_order' })
      return json(200, await countDeliveries(db, id, Math.max(0, since), Math.max(0, until)))
    },
  })
}

function recoverRoute({ db, endpoints, clock, retentionDays }: EndpointDeps): Route {
  return route({
    ...below,
    at: `POST ${path}/recover`,
    id: 'v1.endpoint.recover',
    summary: 'Send again what was given up or not sent since a time',
    description:
      'Works in the background, and goes on where it stood when a node dies; see the background task.',
    body: recoverIn,
    answers: { 202: { description: 'It has begun', body: recoverOut } },
    async handle(call) {
      const { scope } = call
      const { id } = await endpoints.get(scope, call.params.endpoint_id)
      const { since, until } = call.body
      if (until != null && until < since)
        throw invalid(['body', 'until'], { msg: 'lies before since', code: 'time_order' })
      await refuseForgotten(db, scope.tenantId, since, { nowMs: clock.now(), retentionDays })
      const task = await startRecovery(
        db,
        { ...scope, endpointId: id, sinceMs: Math.max(0, since), untilMs: until ?? null },
        clock.now(),
      )
      return json(202, showBegun(task))
    },
  })
}

function exampleRoute(deps: EndpointDeps): Route {
  const { endpoints, eventTypes, accept } = deps
  return route({
    ...below,
    at: `POST ${path}/send-example`,
    id: 'v1.endpoint.send-example',
    summary: 'Send an example of an event type to this endpoint alone',
    description:
      "The example is one of the event type's schema, or made of the schema; where there is none, a general one.",
    body: exampleIn,
    answers: { 200: { description: 'The message', body: messageOut } },
    async handle(call) {
      const { scope } = call
      const { id } = await endpoints.get(scope, call.params.endpoint_id)
      const { eventType, exampleIndex } = call.body
      const type = await knownType(eventTypes, call.holder, eventType)
      const payload = exampleOf(type?.schemas ?? null, exampleIndex ?? undefined)
      if (payload === undefined)
        throw invalid(['body', 'exampleIndex'], say('example_index', { type: eventType }))
      const sent: IncomingMessage = {
        ...scope,
        eventType,
        payload: JSON.stringify(payload),
        onlyEndpointId: id,
      }
      return { status: 200, text: messageJson(await settled(deps, sent, await accept(sent)), true) }
    },
  })
}

function switches({ db, endpoints, wake }: EndpointDeps): Route[] {
  const make = (name: 'pause' | 'resume' | 'enable', summary: string, description: string) =>
    route({
      ...below,
      at: `POST ${path}/${name}`,
      id: `v1.endpoint.${name}`,
      summary,
      description,
      answers: { 200: out },
      async handle(call) {
        const endpoint: Endpoint = await endpoints[name](call.scope, call.params.endpoint_id)
        wake(endpoint.id)
        return json(200, await withHealth(db, endpoint))
      },
    })
  return [
    make(
      'pause',
      'Pause an endpoint',
      'Its messages keep queueing; nothing is sent until it is resumed.',
    ),
    make('resume', 'Resume an endpoint', 'What has queued is sent.'),
    make(
      'enable',
      'Enable an endpoint that was disabled',
      'What it missed while it was disabled can be recovered.',
    ),
  ]
}

function circuitRoute({ db, endpoints, wake, changed }: EndpointDeps): Route {
  return route({
    ...below,
    at: `POST ${path}/circuit`,
    id: 'v1.endpoint.set-circuit',
    summary: "Open or close an endpoint's circuit by hand",
    description:
      'Open: nothing is sent for a time, then one probe. Closed: it is sent to at once, its failures forgotten.',
    body: circuitIn,
    answers: { 200: out },
    async handle(call) {
      const { scope } = call
      const endpoint = await endpoints.get(scope, call.params.endpoint_id)
      const { state, seconds = 3_600 } = call.body
      if (state === 'closed' && call.body.seconds !== undefined)
        throw invalid(['body', 'seconds'], say('seconds_of_open'))
      await setCircuit(db, endpoint, state === 'open' ? { state, seconds } : { state })
      changed(scope.appId, endpoint.id)
      wake(endpoint.id)
      return json(200, await withHealth(db, endpoint))
    },
  })
}

async function knownType(eventTypes: EventTypes, { tenantId, featureFlags }: Holder, name: string) {
  try {
    return await eventTypes.get(tenantId, name, featureFlags)
  } catch (error) {
    if (error instanceof PomboError && error.code === 'not_found') return undefined
    throw error
  }
}
