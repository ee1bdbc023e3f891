import { optionalSetting, setting, type SettingGroup, type ValuesOf } from '../../core/setting.ts'
import { boolean, duration, integer } from '../../core/setting-kinds.ts'

/** The document's `WebhookConfig`. */
export const whatsmeowSettings = {
  maxRetries: setting('WEBHOOK_MAX_RETRIES', integer(0, 100, '', '3'), {
    default: '3',
    description: 'Retries after a failed first attempt.',
  }),
  retryDelayMs: setting('WEBHOOK_RETRY_DELAY', duration(0, 604_800_000, { example: '5s' }), {
    default: '5s',
    description: 'Pause before the first retry; it doubles with each.',
  }),
  timeoutMs: setting('WEBHOOK_TIMEOUT', duration(1_000, 60_000, { example: '30s' }), {
    default: '30s',
    description: 'Deadline of a whole exchange.',
  }),
  queueSize: optionalSetting('WEBHOOK_QUEUE_SIZE', integer(1, 10_000_000, 'events', '1000'), {
    defaultNote: 'no bound: what waits is in the database',
    description:
      'Most events that may wait for one session’s webhook; beyond it, its events are answered 503 with Retry-After.',
  }),
  workers: setting('WEBHOOK_WORKERS', integer(1, 1_000, '', '10'), {
    default: '10',
    description: 'Most requests at a time to one session’s webhook, for those set from here on.',
  }),
  enableLogs: setting('WEBHOOK_ENABLE_LOGS', boolean(), {
    default: 'true',
    description: 'Answer /api/whatsmeow/webhook/logs. What was delivered is recorded in any case.',
  }),
  logRetentionMs: setting(
    'WEBHOOK_LOG_RETENTION',
    duration(60_000, 315_360_000_000, { example: '168h' }),
    {
      default: '168h',
      description:
        'How far /api/whatsmeow/webhook/logs goes back. How long it is kept, POMBO_RETENTION_DAYS says.',
    },
  ),
} satisfies SettingGroup

export type WhatsmeowValues = ValuesOf<typeof whatsmeowSettings>
