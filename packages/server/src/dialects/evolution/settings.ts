import { optionalSetting, setting, type SettingGroup, type ValuesOf } from '../../core/setting.ts'
import { boolean, duration, integer, kind, list, text } from '../../core/setting-kinds.ts'

/** As it is written: of a webhook's URL also a slash at the end counts. */
const webhookUrl = text(
  'a URL that starts with http:// or https://',
  'https://seu-webhook.com/events',
  /^https?:\/\/\S+$/,
)

const share = kind(
  'a number from 0 to 1',
  '0.2',
  (given) => {
    const value = Number(given)
    return /^\d*\.?\d+$/.test(given) && value <= 1 ? { value } : { problem: 'it is no such number' }
  },
  String,
  { type: 'number', minimum: 0, maximum: 1 },
)

/** The document's variables, and Evolution's own for what the document calls configurable without naming one. */
export const evolutionSettings = {
  globalEnabled: setting('WEBHOOK_GLOBAL_ENABLED', boolean(), {
    default: 'false',
    description: 'Send the events of all instances to WEBHOOK_GLOBAL_URL too.',
  }),
  globalUrl: optionalSetting('WEBHOOK_GLOBAL_URL', webhookUrl, {
    description: 'The global webhook of all instances of the first tenant.',
  }),
  globalByEvents: setting('WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS', boolean(), {
    default: 'false',
    description: "Put the event's name behind the path of WEBHOOK_GLOBAL_URL.",
  }),
  monitoringEnabled: setting('WEBHOOK_MONITORING_ENABLED', boolean(), {
    default: 'false',
    description: 'Report to WEBHOOK_MONITORING_URL.',
  }),
  monitoringUrl: optionalSetting('WEBHOOK_MONITORING_URL', webhookUrl, {
    description:
      'Where the state of the queue, deliveries that were given up, disabled webhooks and errors are reported.',
  }),
  monitoringIntervalMs: setting(
    'WEBHOOK_MONITORING_INTERVAL',
    duration(1_000, 86_400_000, { example: '60s' }),
    { default: '60s', description: 'Time between two `queue.stats` of an instance.' },
  ),
  timeoutMs: setting(
    'WEBHOOK_REQUEST_TIMEOUT_MS',
    duration(1_000, 60_000, { bareUnit: 'ms', example: '30000' }),
    { default: '30000', description: 'Deadline of a whole exchange with a main webhook.' },
  ),
  monitoringTimeoutMs: setting(
    'WEBHOOK_MONITORING_TIMEOUT_MS',
    duration(1_000, 60_000, { bareUnit: 'ms', example: '15000' }),
    { default: '15000', description: 'The same for the monitoring webhook.' },
  ),
  retryAttempts: setting('WEBHOOK_RETRY_MAX_ATTEMPTS', integer(0, 100, '', '5'), {
    default: '5',
    description: 'Retries after a failed first attempt.',
  }),
  retryDelayMs: setting(
    'WEBHOOK_RETRY_INITIAL_DELAY_SECONDS',
    duration(0, 300_000, { bareUnit: 's', example: '1' }),
    { default: '1', description: 'Pause before the first retry; it doubles with each.' },
  ),
  retryMaxDelayMs: setting(
    'WEBHOOK_RETRY_MAX_DELAY_SECONDS',
    duration(1_000, 604_800_000, { bareUnit: 's', example: '300' }),
    { default: '300', description: 'Longest pause between two attempts.' },
  ),
  retryJitter: setting('WEBHOOK_RETRY_JITTER_FACTOR', share, {
    default: '0.2',
    description: 'How much a pause may be longer or shorter, by chance.',
  }),
  retryStatuses: setting('WEBHOOK_RETRY_STATUS_CODES', list(integer(300, 599, '', '503')), {
    default: '408,429,500,502,503,504',
    description: 'Statuses that are tried again; timeouts and network errors always are.',
  }),
  queueEnabled: setting('GLOBAL_QUEUE_ENABLED', boolean(), {
    default: 'false',
    description:
      'Keep all main webhooks together, those of the instances and the global one, to GLOBAL_QUEUE_RATE_LIMIT.',
  }),
  queueRateLimit: setting('GLOBAL_QUEUE_RATE_LIMIT', integer(1, 1_000_000, 'a minute', '500'), {
    default: '500',
    description:
      'Deliveries a minute to all main webhooks of a tenant together, first and further attempts, evenly ' +
      'over the minute and over all nodes.',
  }),
} satisfies SettingGroup

export type EvolutionValues = ValuesOf<typeof evolutionSettings>
