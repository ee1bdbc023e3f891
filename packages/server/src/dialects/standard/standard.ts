import type { Endpoint } from '../../core/endpoint.ts'
import { generateSecret, parseSecret, type Secret } from '../../core/secret.ts'
import { signStandard } from '../../core/signature.ts'
import type { OutgoingEvent } from '../contract/delivery.ts'
import type { Dialect } from '../contract/dialect.ts'
import type { StandardValues } from './settings.ts'

/** The native dialect: the payload as it came in, signed by Standard Webhooks. */
export const createStandard = ({ scheduleMs, timeoutMs }: StandardValues): Dialect => ({
  name: 'standard',
  events: [],
  retry: { scheduleMs, jitter: 0.2, retryStatuses: 'all' },
  timeoutMs,
  takesAnyText: true,
  secrets: { parse: parseSecret, generate: () => generateSecret('v1') },
  eventName: (eventType) => eventType,
  format: ({ message }) => message.payload ?? 'null',
  headers: () => ({}),
  signature({ signatureHeaders, secrets }) {
    const prefix = signatureHeaders === 'svix' ? 'svix' : 'webhook'
    return {
      header: `${prefix}-signature`,
      prefix: 'v1,',
      encoding: 'base64',
      content: `{${prefix}-id}.{${prefix}-timestamp}.{body}`,
      key: secrets[0]?.secret.kind === 'opaque' ? 'text' : 'base64',
    }
  },
  sign(
    event: OutgoingEvent,
    endpoint: Endpoint,
    body: string,
    secrets: readonly Secret[],
  ): Record<string, string> {
    const timestampSeconds = Math.floor(event.nowMs / 1000)
    const { signatureHeaders: names } = endpoint
    const signed = { id: event.messageId, timestampSeconds, body, secrets }
    const signature = secrets.length > 0 ? signStandard(signed) : undefined
    const headers: Record<string, string> = {}
    for (const prefix of names === 'both' ? ['webhook', 'svix'] : [names]) {
      headers[`${prefix}-id`] = event.messageId
      headers[`${prefix}-timestamp`] = String(timestampSeconds)
      if (signature !== undefined) headers[`${prefix}-signature`] = signature
    }
    return headers
  },
})
