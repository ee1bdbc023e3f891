import type { Dialect } from '../contract/dialect.ts'
import { catalogue } from './events.ts'
import { eventName } from './names.ts'
import { body } from './payload.ts'
import { whatsmeowRoutes } from './routes.ts'
import type { WhatsmeowValues } from './settings.ts'
import { signBody } from './signature.ts'

/** No pause between two attempts is longer. */
const longestDelayMs = 7 * 86_400_000

/**
 * The dialect of a webhook service around whatsmeow. The session's token is no member of it: it is an endpoint header `Authorization`,
 * sent raw like every other extra header, and sealed at rest with them.
 */
export function createWhatsmeow(values: WhatsmeowValues): Dialect {
  const scheduleMs = Array.from({ length: values.maxRetries }, (_, retry) =>
    Math.min(values.retryDelayMs * 2 ** retry, longestDelayMs),
  )
  return {
    name: 'whatsmeow',
    events: catalogue,
    retry: { scheduleMs, jitter: 0, retryStatuses: 'all' },
    timeoutMs: values.timeoutMs,
    eventName,
    format: body,
    headers: () => ({}),
    sign: (_event, _endpoint, text, secrets) => signBody(text, secrets),
    routes: whatsmeowRoutes(values),
  }
}
