import type { Item } from './kind.ts'

/**
 * What goes beside the payload, under the same names for every kind: the headers that a webhook would have had
 * (webhook-id, webhook-timestamp and webhook-signature, unless the endpoint's format has others; content-type), and
 * what a consumer sorts by.
 */
export function propertiesOf({ envelope, headers }: Item): Record<string, string> {
  return {
    ...headers,
    'pombo-event-type': envelope.eventType,
    'pombo-app': envelope.app,
    ...(envelope.orderingKey !== null && { 'pombo-ordering-key': envelope.orderingKey }),
  }
}
