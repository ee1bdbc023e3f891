import { z } from 'zod'
import { aliases } from '../../core/known.ts'
import { channel, eventTypeName, uid, between } from '../field.ts'
import { payloadOrData } from '../messages/raw-schema.ts'
import { retentionHours } from '../messages/schema.ts'
import { say } from '../../core/sentences/sentences.ts'

export const broadcastIn = z
  .object({
    eventType: eventTypeName,
    payload: z.unknown().refine((given) => given !== undefined, say('field_needed')),
    channels: z.array(channel).min(1).max(5).nullish(),
    eventId: uid
      .nullish()
      .describe('Your own id of the event; applications that had it already do not get it again'),
    payloadRetentionPeriod: between(5, 90)
      .nullish()
      .describe('Days after which the payload is deleted'),
    payloadRetentionHours: retentionHours,
  })
  .meta({
    id: 'MessageBroadcastIn',
    ...aliases({ data: 'payload' }),
    ...payloadOrData,
    examples: [{ eventType: 'maintenance.planned', payload: { from: '2026-03-01T02:00:00Z' } }],
  })
