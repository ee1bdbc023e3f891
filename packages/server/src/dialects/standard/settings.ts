import { setting, type SettingGroup, type ValuesOf } from '../../core/setting.ts'
import { duration, list } from '../../core/setting-kinds.ts'
import { longestDelayMs } from '../contract/schedule.ts'

/** Of endpoints in the native dialect that say nothing of their own; the other dialects have variables of theirs. */
export const standardSettings = {
  scheduleMs: setting(
    'POMBO_RETRY_SCHEDULE',
    list(duration(0, longestDelayMs, { bareUnit: 's', example: '5s' })),
    {
      default: '5s,5m,30m,2h,5h,10h,10h',
      description:
        'Pauses before the retries of a delivery, as many as there are retries, where the endpoint has no ' +
        '`retrySchedule`. Each is varied by up to 20 %.',
    },
  ),
  timeoutMs: setting('POMBO_TIMEOUT_MS', duration(1_000, 60_000, { bareUnit: 'ms' }), {
    default: '15s',
    description: 'Deadline of a whole exchange, where the endpoint has no `timeoutMs`.',
  }),
} satisfies SettingGroup

export type StandardValues = ValuesOf<typeof standardSettings>
