import { z } from 'zod'
import { liveStates } from '../../traffic/live/event.ts'
import { causeOut } from '../cause-out.ts'
import { eventTypeName, idOrUid, list, shownId, time } from '../field.ts'
import { codedOut } from '../coded.ts'

export const streamQuery = z.object({
  app_id: idOrUid.optional().describe('Of this application alone'),
  event_type: list(eventTypeName),
  endpoint_id: list(shownId('endpoint', 256)).describe(
    'Attempts at these endpoints alone, by id; then no messages are told',
  ),
  source: list(z.string().max(256)).describe(
    'Messages of these gateways alone; then no attempts are told',
  ),
  state: list(z.enum(liveStates)),
  last_event_id: z
    .string()
    .max(100)
    .optional()
    .describe('Instead of the header Last-Event-ID, which browsers send by themselves'),
})

const text = z.string().nullable()
const whole = z.int().nullable()

/** One of the list that `event: events` carries. */
export const streamEventOut = z
  .object({
    id: z.string().describe('Its own, for who is told twice after a break'),
    kind: z.enum(['message', 'attempt']),
    at: time,
    appId: z.string(),
    messageId: z.string(),
    eventType: z.string(),
    eventId: text,
    channels: z.array(z.string()).nullable(),
    tags: z.array(z.string()).nullable(),
    source: text.describe('Of a message: the gateway that it came from'),
    state: z
      .enum(liveStates)
      .describe('accepted: a message. failed: an attempt, after which another follows'),
    payloadBytes: z.int(),
    endpointId: text,
    attempt: whole,
    statusCode: whole,
    durationMs: whole,
    error: text.describe('Of an attempt: what went wrong, as a sentence'),
    errorCoded: codedOut,
    cause: causeOut
      .nullable()
      .describe('The same for programs; null: delivered, or closed without an attempt'),
    deliveries: whole.describe('Of a message: how many endpoints get it'),
    unmatched: text.describe('Of a message that no endpoint gets: why'),
  })
  .meta({
    id: 'StreamEvent',
    examples: [
      {
        id: '01941f29-7c00-7000-8000-000000000001',
        kind: 'attempt',
        at: '2026-01-31T09:30:00.041Z',
        appId: 'app_01hzy3k9v2e8r5c7m4n6p8q0sa',
        messageId: 'msg_01hzy3k9v2e8r5c7m4n6p8q0sa',
        eventType: 'message.received',
        eventId: null,
        channels: null,
        tags: null,
        source: null,
        state: 'delivered',
        payloadBytes: 700,
        endpointId: 'ep_01hzy3k9v2e8r5c7m4n6p8q0sa',
        attempt: 1,
        statusCode: 200,
        durationMs: 41,
        error: null,
        errorCoded: null,
        cause: null,
        deliveries: null,
        unmatched: null,
      },
    ],
  })
