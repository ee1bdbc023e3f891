import type { Endpoint } from '../../core/endpoint.ts'
import { defaultScheduleMs } from '../../core/retry.ts'
import { generateSecret, parseSecret, type Secret } from '../../core/secret.ts'
import { signStandard } from '../../core/signature.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import type { Dialect } from '../contract/dialect.ts'

/** The native dialect: the payload as it came in, signed by Standard Webhooks. */
export const standard: Dialect = {
  name: 'standard',
  events: [],
  retry: { scheduleMs: defaultScheduleMs, jitter: 0.2, retryStatuses: 'all' },
  timeoutMs: 15_000,
  takesAnyText: true,
  secrets: { parse: parseSecret, generate: () => generateSecret('v1') },
  eventName: (eventType) => eventType,
  format: ({ message }) => message.payload ?? 'null',
  headers: () => ({}),
  sign(
    event: OutgoingEvent,
    endpoint: Endpoint,
    body: string,
    secrets: readonly Secret[],
  ): Record<string, string> {
    const timestampSeconds = Math.floor(event.nowMs / 1000)
    const prefix = endpoint.signatureHeaders
    const headers: Record<string, string> = {
      [`${prefix}-id`]: event.messageId,
      [`${prefix}-timestamp`]: String(timestampSeconds),
    }
    if (secrets.length > 0)
      headers[`${prefix}-signature`] = signStandard({
        id: event.messageId,
        timestampSeconds,
        body,
        secrets,
      })
    return headers
  },
}
