import type { Coded } from './field-problem.ts'
import { blockReasons, unreachableReasons } from './cause.ts'
import { codeOfError } from './sentences/sentences.ts'

/**
 * The code of an attempt's error where it stands alone, without the cause that attempts show: of the sentence behind
 * its cause, or of the cause itself, which it begins with. Undefined: the receiver's own words, or a status.
 */
export function codeOfFailure(error: string): Pick<Coded, 'code' | 'values'> | undefined {
  const sentence = codeOfError(error)
  if (sentence !== undefined) return sentence
  const [, reason = '', detail = ''] = /^([a-z-]+): (.*)$/s.exec(error) ?? []
  const unreachable = unreachableReasons.find((one) => one === reason)
  if (unreachable !== undefined) return { code: `unreachable_${unreachable}`, values: { detail } }
  const blocked = blockReasons.find((one) => one === reason)
  return blocked && { code: `address_${blocked}`, values: {} }
}
