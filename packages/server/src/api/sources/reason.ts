import { z } from 'zod'
import type { Said } from '../../core/said.ts'
import { codedOut } from '../coded.ts'

const code = z
  .string()
  .nullable()
  .meta({
    description:
      'The same for programs, where it has one: of a mistake in a field (docs/reference/errors.md), of an error, ' +
      'address_not_allowed, unsigned or unproven',
    examples: ['unreachable_dns'],
  })
const values = z
  .record(z.string(), z.union([z.string(), z.number()]))
  .nullable()
  .meta({ description: 'What stands in the sentence', examples: [{ address: '203.0.113.7' }] })

/** Why something is as it is: a sentence, and its code with what stands in it. */
export const reasonOut = {
  reason: z.string().nullable().describe('Why; null: nothing is wrong'),
  code,
  values,
  because: codedOut,
}

export const refusalOut = { ...reasonOut, reason: z.string() }

export function showReason<T extends Said | null>(said: T) {
  type Sentence = T extends Said ? string : string | null
  return {
    reason: (said?.msg ?? null) as Sentence,
    code: said?.code ?? null,
    values: said?.values ? { ...said.values } : null,
    because: said?.because ?? null,
  }
}
