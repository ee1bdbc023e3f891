import { z } from 'zod'
import { causeIn, failedDeliveryOut } from '../failures/schema.ts'
import { component, eventTypeName, given, instant, together, whenever, nonEmpty } from '../field.ts'

const states = ['waiting', 'retrying', 'exhausted', 'discarded', 'delivered'] as const

const filter = z.object({
  appId: nonEmpty(256).nullish().describe('By id or uid; null: all'),
  endpointId: nonEmpty(256).nullish().describe('By id, or with an app by uid; null: all endpoints'),
  eventTypes: z.array(eventTypeName).min(1).max(100).nullish(),
  cause: causeIn.nullish().describe('Of the last attempt; null: any'),
  states: z
    .array(z.enum(states))
    .min(1)
    .nullish()
    .describe(
      'retrying: tried, and to be tried again; waiting: those that were not tried yet too. Unless given: retrying ' +
        'and exhausted to retry, retrying to discard, exhausted and discarded to replay',
    ),
  since: instant.nullish().describe('Messages from this time on; null: all that is kept'),
  until: instant.nullish().describe('Messages before this time; null: now'),
})

const chosen = z.object({
  messageId: z.string().max(256),
  endpointId: z.string().max(256),
})

const fields = {
  action: z
    .enum(['retry', 'discard', 'replay'])
    .describe(
      'retry: what waits is due at once, what was given up is sent again. discard: what waits is given up. replay: ' +
        'what is closed is sent again',
    ),
  reason: nonEmpty(300)
    .nullish()
    .describe('Why it is given up; kept with each delivery. For discard, where it is required'),
  filter: filter.nullish(),
  deliveries: z
    .array(chosen)
    .min(1)
    .max(500)
    .nullish()
    .describe('Of those that fit the filter only these, chosen by hand'),
  ratePerSecond: z
    .number()
    .min(0.1)
    .max(100_000)
    .nullish()
    .describe('Deliveries a second at most, over all nodes; default 1,000'),
}

/** Not `examples`, which are left out where times are read into numbers. */
const example = {
  action: 'retry',
  filter: { endpointId: 'ep_01hzy3k9v2e8r5c7m4n6p8q0sa', cause: 'refused.503' },
}

const statesOf = (allowed: readonly (typeof states)[number][]) => ({
  properties: {
    filter: { properties: { states: { items: { enum: allowed } } } },
  },
})

/** routes.ts says the same in its 422. */
const rules = together(
  { anyOf: [given('filter'), given('deliveries')] },
  whenever(
    { properties: { action: { const: 'discard' } } },
    { allOf: [given('reason'), statesOf(['waiting', 'retrying'])] },
    { properties: { reason: { type: 'null' } } },
  ),
  whenever(
    { properties: { action: { const: 'replay' } } },
    statesOf(['exhausted', 'discarded', 'delivered']),
  ),
)

export const bulkIn = z.object(fields).meta({ id: 'BulkIn', example, ...rules })

export const bulkPreviewOut = component('BulkPreviewOut', {
  count: z.int().min(0),
  exact: z.boolean().describe('false: at least so many; the count was stopped at its bound'),
  endpoints: z.int().min(0).describe('At how many endpoints, of those counted'),
  sample: z.array(
    failedDeliveryOut.omit({
      deliveryId: true,
      state: true,
      attempts: true,
      closedAt: true,
      nextAttemptAt: true,
    }),
  ),
})

export type BulkIn = z.output<typeof bulkIn>
