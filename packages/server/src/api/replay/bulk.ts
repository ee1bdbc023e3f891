import { z } from 'zod'
import { invalid } from '../../core/error.ts'
import { aliases } from '../../core/known.ts'
import type { ClosedState } from '../../queue/reopen/store.ts'
import type { ReplayArgs } from '../../upkeep/jobs/store.ts'
import { refuseForgotten } from '../background-tasks/kept.ts'
import { recoverOut, showBegun } from '../background-tasks/schema.ts'
import { clockSlackMs, startTask, usual } from '../background-tasks/store.ts'
import { recoverIn } from '../endpoints/action-schema.ts'
import { channel, eventTypeName, instant, tag } from '../field.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { say } from '../../core/sentences/sentences.ts'

type BulkDeps = Needs<'db' | 'clock' | 'endpoints' | 'retentionDays'>

/** Svix's numbers of what can be sent again; what is pending or under way is on its way already. */
const statesOf: Record<0 | 2 | 4, ClosedState[]> = {
  0: ['delivered'],
  2: ['exhausted', 'discarded'],
  4: ['discarded'],
}

const everyState: ClosedState[] = ['delivered', 'exhausted', 'discarded']

const bulkReplayIn = z
  .object({
    since: instant.describe('Messages from this time on'),
    until: instant.nullish().describe('Messages before this time; null: now'),
    eventTypes: z.array(eventTypeName).min(1).max(100).nullish(),
    channel: channel.nullish().describe('Only what was sent on this channel'),
    tag: tag.nullish().describe('Only what has this tag'),
    status: z
      .union([z.literal(0), z.literal(2), z.literal(4)], say('replay_status'))
      .nullish()
      .describe('How the last delivery ended: Success 0, Fail 2, Canceled 4; null: any'),
    statusCodeClass: z
      .null(
        'is not offered: a replay knows how deliveries ended, and not what was answered; ' +
          'leave it out, and give status',
      )
      .optional()
      .describe('Not offered'),
  })
  .meta({ id: 'BulkReplayIn', ...aliases({ filterTypes: 'eventTypes' }) })

/** What Svix's cloud can send again to an endpoint: what was sent to it, and what never was. */
export function bulkReplayRoutes(deps: BulkDeps): Route[] {
  return [
    replayRoute(deps, {
      name: 'bulk-replay',
      task: 'endpoint.bulk-replay',
      summary: 'Send again messages of the endpoint, delivered ones too',
      description:
        'Works in the background; see the background task. What still waits to be sent is left alone.',
      body: bulkReplayIn,
      argsOf: ({ status, eventTypes, channel, tag }) => ({
        states: status == null ? everyState : statesOf[status],
        eventTypes: eventTypes ?? null,
        payloadFilter: labelFilter(channel ?? null, tag ?? null),
      }),
    }),
    replayRoute(deps, {
      name: 'replay-missing',
      task: 'endpoint.replay',
      summary: 'Send the messages that the endpoint never got',
      description:
        'Those of before it was made, and those that its settings of then passed over and that its settings of now ' +
        'would take. What was sent to it, or was to be, is left alone. Works in the background; see the ' +
        'background task.',
      body: recoverIn,
      argsOf: () => ({ states: [] }),
    }),
  ]
}

interface BulkReplay<Body extends z.ZodType> {
  name: string
  task: 'endpoint.bulk-replay' | 'endpoint.replay'
  summary: string
  description: string
  body: Body
  argsOf: (body: z.output<Body>) => Partial<ReplayArgs>
}

/** `POST …/endpoint/{endpoint_id}/…`: begins a task over the endpoint's messages of a time. */
function replayRoute<Body extends z.ZodType<Span>>(
  { db, clock, endpoints, retentionDays }: BulkDeps,
  { name, task, description, argsOf, ...replay }: BulkReplay<Body>,
): Route {
  return route({
    ...replay,
    at: `POST /api/v1/app/{app_id}/endpoint/{endpoint_id}/${name}`,
    id: `v1.endpoint.${name}`,
    tag: 'Endpoint',
    description: `${description} ${cloudOnly}`,
    access: 'app',
    answers: { 202: { description: 'It has begun', body: recoverOut } },
    async handle({ scope, params, body }) {
      const { id } = await endpoints.get(scope, params.endpoint_id)
      const nowMs = clock.now()
      const span = spanOf(body, nowMs)
      await refuseForgotten(db, scope.tenantId, body.since, { nowMs, retentionDays })
      const args = { ...usual, ...span, ...argsOf(body as z.output<Body>) }
      const made = await startTask(db, { ...scope, endpointId: id }, task, args, nowMs)
      return json(202, showBegun(made))
    },
  })
}

interface Span {
  since: number
  until?: number | null | undefined
}

function spanOf({ since, until }: Span, nowMs: number): { sinceMs: number; untilMs: number } {
  if (until != null && until <= since)
    throw invalid(['body', 'until'], { msg: 'lies before since', code: 'time_order' })
  return { sinceMs: Math.max(0, since), untilMs: Math.max(0, until ?? nowMs + clockSlackMs) }
}

/** Channels and tags hold no character that CEL and JSON write in different ways. */
function labelFilter(channel: string | null, tag: string | null): string | null {
  const parts = [
    ...(channel === null ? [] : [`${JSON.stringify(channel)} in channels`]),
    ...(tag === null ? [] : [`${JSON.stringify(tag)} in tags`]),
  ]
  return parts.length === 0 ? null : parts.join(' && ')
}
