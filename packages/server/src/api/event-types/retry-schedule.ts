import { z } from 'zod'
import { invalid } from '../../core/error.ts'
import type { EventTypes } from '../../registry/event-types/store.ts'
import { component, together, whenever, between } from '../field.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import { say } from '../../core/sentences/sentences.ts'

const tag = 'Event Type'
const path = '/api/v1/event-type/{event_type_name}/retry-schedule'

const duration = z
  .object({
    secs: between(0, 604_800),
    nanos: between(0, 999_999_999)
      .refine((nanos) => nanos % 1_000_000 === 0, say('whole_milliseconds'))
      .meta({ multipleOf: 1_000_000 })
      .optional(),
  })
  .meta(
    together(
      whenever(
        { properties: { secs: { const: 604_800 } } },
        { properties: { nanos: { const: 0 } } },
      ),
    ),
  )

const schedule = component('RetryScheduleInOut', {
  retrySchedule: z
    .array(duration)
    .max(100)
    .nullish()
    .meta({
      description:
        "Before each retry; its length is the number of retries; null: as the endpoint's dialect has it",
      examples: [
        [
          { secs: 5, nanos: 0 },
          { secs: 300, nanos: 0 },
        ],
      ],
    }),
})

/** How often messages of a type are tried again, where their endpoint has no schedule of its own. */
export function retryScheduleRoutes(eventTypes: EventTypes): Route[] {
  const answers = { 200: { description: 'The schedule', body: schedule } }
  return [
    route({
      at: `GET ${path}`,
      id: 'v1.event-type.get-retry-schedule',
      tag,
      summary: "Get an event type's retry schedule",
      description: cloudOnly,
      access: 'tenant',
      answers,
      handle: async ({ holder, params }) =>
        json(
          200,
          show(
            (await eventTypes.get(holder.tenantId, params.event_type_name, holder.featureFlags))
              .retryScheduleMs,
          ),
        ),
    }),
    route({
      at: `PUT ${path}`,
      id: 'v1.event-type.update-retry-schedule',
      tag,
      summary: "Set an event type's retry schedule",
      description:
        'For deliveries to endpoints that have no `retrySchedule` of their own; what waits keeps its time. ' +
        cloudOnly,
      access: 'tenant',
      body: schedule,
      answers,
      async handle({ holder, params, body }) {
        const given = body.retrySchedule?.map(
          ({ secs, nanos = 0 }) => secs * 1_000 + nanos / 1_000_000,
        )
        const long = given?.findIndex((ms) => ms > 604_800_000) ?? -1
        if (long >= 0)
          throw invalid(['body', 'retrySchedule', String(long)], say('over_seven_days'))
        const type = await eventTypes.patch(holder.tenantId, params.event_type_name, {
          retryScheduleMs: given ?? null,
        })
        return json(200, show(type.retryScheduleMs))
      },
    }),
  ]
}

function show(scheduleMs: number[] | null): z.output<typeof schedule> {
  return {
    retrySchedule:
      scheduleMs?.map((ms) => ({
        secs: Math.floor(ms / 1_000),
        nanos: (ms % 1_000) * 1_000_000,
      })) ?? null,
  }
}
