import { z } from 'zod'
import { causeOfKept, partsOfCause } from '../../core/cause.ts'
import { iso } from '../../core/clock.ts'
import { causeOut } from '../cause-out.ts'
import { codedOut, showError } from '../coded.ts'
import { component, time } from '../field.ts'
import type { HealthRow } from './store.ts'

export const health = component('EndpointHealth', {
  circuit: z
    .enum(['closed', 'open', 'half-open'])
    .describe('open: nothing is sent until nextProbeAt, and no attempt is used up'),
  consecutiveFailures: z.int(),
  failingSince: time.nullable(),
  reason: z
    .string()
    .nullable()
    .describe('Why the last attempt failed, known seconds after it; null: nothing is wrong'),
  reasonCoded: codedOut,
  cause: causeOut.nullable().describe('Of the last attempt that failed'),
  nextProbeAt: time.nullable(),
})

/** Undefined: nothing was noted of it. */
export function showHealth(row: HealthRow | undefined): z.output<typeof health> {
  return {
    circuit: row?.circuit ?? 'closed',
    consecutiveFailures: row?.consecutive_failures ?? 0,
    failingSince: row?.failing_ms == null ? null : iso(row.failing_ms),
    reason: row?.reason ?? null,
    reasonCoded: showError(row?.reason),
    cause: causeOfRow(row),
    nextProbeAt:
      row?.circuit === 'closed' || row?.open_until_ms == null ? null : iso(row.open_until_ms),
  }
}

function causeOfRow(row: HealthRow | undefined) {
  if (row?.outcome == null) return null
  const { outcome, status_code: statusCode, reason: error } = row
  return partsOfCause(causeOfKept({ outcome, statusCode: statusCode ?? 0, error }))
}
