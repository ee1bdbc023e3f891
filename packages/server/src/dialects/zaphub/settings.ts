import { optionalSetting, setting, type SettingGroup, type ValuesOf } from '../../core/setting.ts'
import { duration, integer, text, url } from '../../core/setting-kinds.ts'
import { withoutPassword } from '../../core/masked-url.ts'
import { longestDelayMs } from '../contract/schedule.ts'

/** The document's variables, and what it writes into the code of its two workers. */
export const zaphubSettings = {
  timeoutMs: setting('WEBHOOK_TIMEOUT_MS', integer(1_000, 60_000, 'ms', '30000'), {
    default: '10000',
    description: 'Deadline of a whole exchange.',
  }),
  retryAttempts: setting('WEBHOOK_RETRY_ATTEMPTS', integer(0, 100, '', '3'), {
    default: '3',
    description: 'Retries after a failed first attempt.',
  }),
  retryDelayMs: setting('WEBHOOK_RETRY_DELAY_MS', integer(0, longestDelayMs, 'ms', '2000'), {
    default: '2000',
    description: 'Pause before the first retry; it doubles with each.',
  }),
  maxBodyBytes: setting('WEBHOOK_MAX_BODY_SIZE', integer(0, 1_048_576, 'bytes', '65536'), {
    default: '1048576',
    description:
      'How much of an answer a test of a webhook shows. More than POMBO_RESPONSE_CAP_BYTES is not kept of any.',
  }),
  queueConcurrency: setting('QUEUE_CONCURRENCY', integer(1, 1_000, '', '5'), {
    default: '5',
    description: 'Most requests at a time to one session’s webhook, for those set from here on.',
  }),
  queueMaxAttempts: setting('QUEUE_MAX_ATTEMPTS', integer(1, 1_000, '', '5'), {
    default: '5',
    description:
      'How often a BullMQ job that fails is tried where its producer does not say. A wait for the database ' +
      'is no attempt.',
  }),
  queueBackoffMs: setting('QUEUE_BACKOFF_DELAY', integer(1, longestDelayMs, 'ms', '1000'), {
    default: '1000',
    description:
      'Pause before a BullMQ job is tried again, where its producer does not say, or while Pombo cannot ' +
      'take it; it doubles with each.',
  }),
  redisUrl: optionalSetting(
    'ZAPHUB_REDIS_URL',
    url(['redis:', 'rediss:'], 'redis://:password@redis.example.com:6379/0'),
    {
      defaultNote: 'the queues are not consumed',
      description:
        'The Redis whose BullMQ queues `message-receive` and `webhook-delivery` Pombo works off in ZapHub’s ' +
        'place, for the first tenant. Needs the package `bullmq`.',
      secret: true,
      redact: withoutPassword,
    },
  ),
  queuePrefix: setting('ZAPHUB_QUEUE_PREFIX', text('BullMQ’s key prefix', '{zaphub}'), {
    default: 'bull',
    description: 'What the keys of the BullMQ queues begin with.',
  }),
  receiveConcurrency: setting(
    'ZAPHUB_MESSAGE_RECEIVE_CONCURRENCY',
    integer(1, 1_000, 'jobs', '10'),
    {
      default: '10',
      description: 'Jobs of `message-receive` at a time, in each process.',
    },
  ),
  deliveryConcurrency: setting(
    'ZAPHUB_WEBHOOK_DELIVERY_CONCURRENCY',
    integer(1, 1_000, 'jobs', '3'),
    {
      default: '3',
      description:
        'Jobs of `webhook-delivery` that are taken at a time, in each process. How many requests are under ' +
        'way, QUEUE_CONCURRENCY says.',
    },
  ),
  completedAgeMs: setting(
    'ZAPHUB_COMPLETED_JOBS_AGE',
    duration(1_000, 31_536_000_000, { example: '1h' }),
    {
      default: '1h',
      description: 'How long completed jobs stay in Redis, where their producer does not say.',
    },
  ),
  completedCount: setting('ZAPHUB_COMPLETED_JOBS_COUNT', integer(0, 1_000_000, 'jobs', '100'), {
    default: '100',
    description:
      'How many completed jobs stay in Redis at most, where their producer does not say.',
  }),
  failedAgeMs: setting(
    'ZAPHUB_FAILED_JOBS_AGE',
    duration(1_000, 31_536_000_000, { example: '24h' }),
    {
      default: '24h',
      description: 'How long failed jobs stay in Redis, where their producer does not say.',
    },
  ),
} satisfies SettingGroup

export type ZaphubValues = ValuesOf<typeof zaphubSettings>
