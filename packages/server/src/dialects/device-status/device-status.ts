import type { Dialect } from '../contract/dialect.ts'
import { catalogue, eventName } from './events.ts'
import { attemptLine } from './log-line.ts'
import { body } from './payload.ts'
import { deviceStatusRoutes } from './routes.ts'
import { hexWords, hmacHeader } from '../contract/hex-hmac.ts'

/** The dialect of a service that watches WhatsApp devices and the containers that they run in. */
export const deviceStatus: Dialect = {
  name: 'device-status',
  events: catalogue,
  retry: { scheduleMs: [1_000, 2_000, 4_000], jitter: 0, retryStatuses: 'all' },
  timeoutMs: 10_000,
  eventName,
  format: body,
  // The document tells repeats by device and timestamp, which two events of one millisecond share.
  headers: ({ messageId }) => ({ 'webhook-id': messageId }),
  sign: (_event, _endpoint, text, secrets) => hmacHeader('X-Webhook-Signature', '', secrets, text),
  signature: () => hexWords('x-webhook-signature', '', '{body}'),
  routes: deviceStatusRoutes,
  attemptLine,
}
