import { z } from 'zod'
import { component, bounded, cel } from '../field.ts'

/** Settings of an endpoint that have members of their own. */

export const batch = z
  .object({ maxEvents: bounded(2, 1_000), maxWaitMs: bounded(0, 60_000) })
  .meta({
    description: 'Several events in one request: a JSON array, all delivered or all retried',
    examples: [{ maxEvents: 100, maxWaitMs: 1_000 }],
  })

export const oversize = z
  .object({ maxBytes: bounded(1_024, 16_777_216), action: z.enum(['send', 'link']) })
  .meta({
    description:
      'Payloads above maxBytes: send all the same, or replace the largest members by a marker with a signed link',
    examples: [{ maxBytes: 262_144, action: 'link' }],
  })

export const circuit = component('CircuitSettings', {
  failuresToOpen: bounded(1, 10_000)
    .optional()
    .describe('Failures in a row after which it is left alone; default 10'),
  pauseMs: bounded(100, 86_400_000)
    .optional()
    .describe('The first pause; it doubles; default 5,000'),
  maxPauseMs: bounded(100, 86_400_000).optional().describe('The longest pause; default 600,000'),
})

export const transform = z
  .object({
    payload: cel(8_192).optional(),
    headers: cel(8_192).optional(),
    path: cel(8_192).optional(),
    enabled: z.boolean().optional(),
  })
  .meta({
    description:
      'Expressions (CEL over payload, eventType, channels, tags, messageId, timestamp) that change what is sent',
    examples: [
      { payload: '{"text": payload.body, "from": payload.chat}', path: '"/" + eventType' },
    ],
  })
