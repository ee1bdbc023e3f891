import { say } from './sentences/sentences.ts'

/** Why an endpoint is disabled: kept and shown as a sentence, of which this is the one place. */
export const BY_HAND = 'disabled by hand'
export const GONE = say('answered_gone')

export function noSuccessFor(days: number): string {
  return `no success for ${days} days`
}

export const disabledCauses = ['by-hand', 'gone', 'no-success', 'other'] as const

/** The same for programs; null: there is no reason, as it is not disabled. */
export function disabledCause(reason: string | null): (typeof disabledCauses)[number] | null {
  if (reason === null) return null
  if (reason === BY_HAND) return 'by-hand'
  if (reason === GONE) return 'gone'
  return /^no success for \d+ days$/.test(reason) ? 'no-success' : 'other'
}
