import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import { priorities } from '../../core/message.ts'
import { component, time } from '../field.ts'
import type { TaskRow } from './store.ts'
import { codedOut, showCoded } from '../coded.ts'

export const taskStatus = z
  .enum(['running', 'finished', 'failed'])
  .meta({ id: 'BackgroundTaskStatus' })
export const taskType = z.string().meta({ examples: ['endpoint.recover', 'replay'] })

const shown = {
  id: z.string().meta({ examples: ['qtask_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  status: taskStatus,
  task: taskType,
  updatedAt: time,
}

export const recoverOut = component('RecoverOut', shown)

const count = z.int().min(0)

export const taskOut = z
  .object({
    ...shown,
    data: z.object({
      phase: z
        .enum(['counting', 'opening', 'finished', 'failed', 'canceled'])
        .describe('It counts what is meant first, then goes over it again and opens it'),
      matched: count.describe('Deliveries that are meant, as far as counted'),
      total: count.nullable().describe('All of them; null until they are counted'),
      done: count.describe('Of these, opened again so far'),
      skipped: count.describe(
        'Of these, passed over: they were sent, opened or deleted since they were counted',
      ),
      dryRun: z.boolean(),
      appId: z.string().nullable(),
      endpointId: z.string().nullable(),
      eventTypes: z.array(z.string()).nullable(),
      states: z.array(z.enum(['delivered', 'exhausted', 'discarded'])),
      since: time,
      until: time,
      payloadFilter: z.string().nullable(),
      cause: z.string().nullable(),
      reason: z.string().nullable(),
      ratePerSecond: z.number(),
      priority: z.enum(priorities),
      error: z.string().nullable(),
      errorCoded: codedOut,
      createdAt: time,
      appStats: z.array(z.unknown()).optional().describe('Of application.stats'),
      eventTypeUsage: z
        .array(z.object({ name: z.string(), count }))
        .optional()
        .describe('Of event-type.aggregate, the most frequent first'),
      openapi: z.unknown().optional().describe('Of sdk.generate'),
    }),
  })
  .meta({
    id: 'BackgroundTaskOut',
    examples: [
      {
        id: 'qtask_01hzy3k9v2e8r5c7m4n6p8q0sa',
        status: 'running',
        task: 'bulk.retry',
        updatedAt: '2026-01-31T09:30:02.000Z',
        data: {
          phase: 'opening',
          matched: 812,
          total: 812,
          done: 300,
          skipped: 2,
          dryRun: false,
          appId: 'app_01hzy3k9v2e8r5c7m4n6p8q0sa',
          endpointId: null,
          eventTypes: null,
          states: ['exhausted'],
          since: '2026-01-31T00:00:00.000Z',
          until: '2026-01-31T09:30:00.000Z',
          payloadFilter: null,
          cause: 'refused.503',
          reason: null,
          ratePerSecond: 1_000,
          priority: 'low',
          error: null,
          errorCoded: null,
          createdAt: '2026-01-31T09:30:00.000Z',
        },
      },
    ],
  })

/** As it is answered where it begins. */
export function showBegun(row: TaskRow): z.output<typeof recoverOut> {
  const { data: _, ...begun } = showTask(row)
  return begun
}

export function showTask(row: TaskRow): z.output<typeof taskOut> {
  const { args } = row
  const error = row.status === 'canceled' ? 'canceled' : row.error
  return {
    id: showId('job', row.id),
    // Svix knows no canceled ones.
    status: row.status === 'canceled' ? 'failed' : row.status,
    task: row.task,
    updatedAt: iso(row.updated_ms),
    data: {
      phase: row.status === 'running' ? (row.cursor?.phase ?? 'counting') : row.status,
      matched: row.matched,
      total: row.total,
      done: row.done,
      skipped: row.skipped,
      dryRun: args.dryRun,
      appId: row.app_id === null ? null : showId('app', row.app_id),
      endpointId: row.endpoint_id === null ? null : showId('endpoint', row.endpoint_id),
      eventTypes: args.eventTypes,
      states: args.states,
      since: iso(args.sinceMs),
      until: iso(args.untilMs),
      payloadFilter: args.payloadFilter,
      cause: args.cause ?? null,
      reason: args.reason ?? null,
      ratePerSecond: args.ratePerSecond,
      priority: priorities[args.priority] ?? 'low',
      error,
      errorCoded: showCoded(error),
      createdAt: iso(row.created_ms),
      ...row.result,
    },
  }
}
