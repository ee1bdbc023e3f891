/**
 * Text that cannot be kept as it is: U+0000, and halves of surrogate pairs. Refused at every door, naming its place.
 */
import { type FieldProblem, invalid, PomboError } from './error.ts'
import { say } from './sentences/sentences.ts'

// Escapes of what PostgreSQL's text cannot hold: U+0000, and halves of surrogate pairs, which UTF-8 has no form for.
const suspicious = /\\u(?:0000|d[89a-f])/i

/** The same as bytes: also as forms write it. */
const suspiciousBytes = /(?:\\|%5c)u(?:0000|d[89a-f])|%00|\0/i

/** Deeper places are named by their beginning. */
const maxPlaces = 20
const maxProblems = 10

/**
 * Costs one search of the text unless it holds such an escape. Members called `apart` are passed over: their reader
 * asks for each of them.
 */
export function refuseUnstorable(
  { text, value }: { text: string; value: unknown },
  apart?: string,
): void {
  if (suspicious.test(text)) refuseUnstorableValue(value, ['body'], apart)
}

export function mayBeUnstorable(bytes: Buffer): boolean {
  return suspiciousBytes.test(bytes.toString('latin1'))
}

/** @throws PomboError a 422 that names where each is */
export function refuseUnstorableValue(value: unknown, at: string[], apart?: string): void {
  const problems: FieldProblem[] = []
  // With a list of its own instead of recursion, so that nesting cannot exhaust the stack.
  const waiting: { loc: string[]; value: unknown }[] = [{ loc: at, value }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value === 'string') check(next.value, next.loc, problems)
    else if (typeof next.value === 'object' && next.value !== null) {
      for (const [key, member] of Object.entries(next.value)) {
        check(key, next.loc, problems)
        if (key === apart) continue
        const loc = next.loc.length < maxPlaces ? [...next.loc, shown(key)] : next.loc
        waiting.push({ loc, value: member })
      }
    }
    if (problems.length >= maxProblems) break
  }
  const [first] = problems
  if (first)
    throw new PomboError(
      'validation',
      { detail: `${first.loc.join('.')}: ${first.msg}` },
      { problems },
    )
}

/** No text in the database can hold it, and no name has it. */
export function refuseNul(url: string): void {
  const at = url.indexOf('%00')
  if (at === -1) return
  const where = url.slice(0, at).includes('?') ? 'query' : 'path'
  throw invalid([where], say('no_zero'))
}

function check(text: string, loc: string[], problems: FieldProblem[]): void {
  if (text.includes('\u0000'))
    problems.push({
      loc,
      msg: 'may not hold the character U+0000, which cannot be stored',
      code: 'characters',
      type: 'value_error',
    })
  else if (!text.isWellFormed())
    problems.push({
      loc,
      msg: 'holds half of a surrogate pair, which is no character',
      code: 'characters',
      type: 'value_error',
    })
}

/** A key that is wrong itself is named too. */
function shown(key: string): string {
  return key.replaceAll('\u0000', '\\u0000').toWellFormed()
}
