import { z } from 'zod'
import { recoverOut } from '../background-tasks/schema.ts'
import { component, instant, time, nonEmpty } from '../field.ts'

const since = instant.meta({ description: 'From this time on', examples: ['2026-01-01T00:00:00Z'] })
const until = instant.meta({ description: 'Before this time', examples: ['2026-02-01T00:00:00Z'] })

export const appUsageIn = component('AppUsageStatsIn', {
  since,
  until,
  appIds: z
    .array(nonEmpty(256))
    .min(1)
    .max(1_000)
    .nullish()
    .describe('Ids or uids; null: all applications that had any'),
})

export const appUsageOut = recoverOut
  .extend({
    unresolvedAppIds: z
      .array(z.string())
      .describe('Of appIds, those that there are not; the others are counted'),
  })
  .meta({ id: 'AppUsageStatsOut' })

export const aggregateOut = recoverOut.extend({}).meta({ id: 'AggregateEventTypesOut' })

export const applicationStats = component('ApplicationStats', {
  appId: z.string(),
  appUid: z.string().nullable(),
  messageDestinations: z
    .int()
    .describe('Deliveries to its endpoints that were finished in that time'),
})

export const spanQuery = z.object({ since, until })

export const attemptsQuery = z.object({
  startDate: instant.optional().describe('A day before endDate unless given'),
  endDate: instant.optional().describe('Now unless given'),
})

const counts = z.array(z.int().min(0)).describe('One for each period, oldest first')

export const attemptStatistics = component('AttemptStatisticsResponse', {
  data: z.object({ successCount: counts, failureCount: counts }),
  startDate: time,
  endDate: time,
  period: z
    .enum(['FiveMinutes', 'OneDay'])
    .describe('FiveMinutes for up to a day; older minutes are kept by the hour'),
})
