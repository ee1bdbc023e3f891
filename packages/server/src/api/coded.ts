import { z } from 'zod'
import { codeOf, codeOfError } from '../core/sentences/sentences.ts'

/** What stands beside a sentence of Pombo's. */
export const codedOut = z
  .object({ code: z.string(), values: z.record(z.string(), z.string()) })
  .nullable()
  .meta({
    id: 'CodedSentence',
    description:
      'The sentence beside it for programs: its code (docs/reference/errors.md) and what stands in it; null where ' +
      'it has none, as what others say',
    examples: [{ code: 'gave_up', values: { attempts: '8' } }],
  })

export function showCoded(sentence: string | null | undefined): z.output<typeof codedOut> {
  return sentence == null ? null : (codeOf(sentence) ?? null)
}

/** Of an attempt. */
export function showError(error: string | null | undefined): z.output<typeof codedOut> {
  return error == null ? null : (codeOfError(error) ?? null)
}
