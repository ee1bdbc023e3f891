import type { Dialect } from '../contract/dialect.ts'
import { catalogue } from './events.ts'
import { eventName } from './names.ts'
import { body } from './payload.ts'
import { whatsmeowRoutes } from './routes.ts'
import type { WhatsmeowValues } from './settings.ts'
import { hexWords, hmacHeader } from '../contract/hex-hmac.ts'
import { doublingSchedule } from '../contract/schedule.ts'

/**
 * The dialect of a webhook service around whatsmeow. The session's token is no member of it: it is an endpoint
 * header `Authorization`, sent raw like every other extra header, and sealed at rest with them.
 */
export function createWhatsmeow(values: WhatsmeowValues): Dialect {
  const scheduleMs = doublingSchedule(values.maxRetries, values.retryDelayMs)
  return {
    name: 'whatsmeow',
    events: catalogue,
    retry: { scheduleMs, jitter: 0, retryStatuses: 'all' },
    timeoutMs: values.timeoutMs,
    eventName,
    format: body,
    headers: () => ({}),
    sign: (_event, _endpoint, text, secrets) =>
      hmacHeader('X-Webhook-Signature', 'sha256=', secrets, text),
    signature: () => hexWords('x-webhook-signature', 'sha256=', '{body}'),
    routes: whatsmeowRoutes(values),
  }
}
