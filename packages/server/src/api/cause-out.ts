import { z } from 'zod'
import { causeReasons } from '../core/cause.ts'

/** Why an attempt failed, for programs; `error` beside it is the sentence. */
export const causeOut = z
  .object({
    code: z.string(),
    outcome: z.enum(['refused', 'timed-out', 'unreachable', 'blocked', 'failed']),
    statusCode: z.int().nullable(),
    reason: z.string().nullable().describe(causeReasons.join(', ')),
  })
  .meta({
    id: 'FailureCause',
    examples: [
      { code: 'unreachable.dns', outcome: 'unreachable', statusCode: null, reason: 'dns' },
    ],
  })
