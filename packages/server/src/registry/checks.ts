import { PomboError, type FieldProblem } from '../core/error.ts'
import { readId, type IdKind } from '../core/id.ts'

/** Completes "<field>: …"; undefined: nothing is wrong. */
export type Problem = string | undefined

/** Of a value with parts: what is wrong with each of them. */
export type Problems = (readonly [part: string, problem: Problem])[]

/** What is wrong with each field that is given. Null means "none" everywhere and is not asked. */
export type Checks<Settings> = {
  [Field in keyof Settings]?: (value: NonNullable<Settings[Field]>) => Problem | Problems
}

/** Throws a 422 that names every field at fault, in the order of the checks. */
export function checkSettings<Settings extends object>(
  settings: Partial<Settings>,
  checks: Checks<Settings>,
): void {
  const problems: FieldProblem[] = []
  const note = (loc: string[], msg: Problem): void => {
    if (msg !== undefined) problems.push({ loc: ['body', ...loc], msg, type: 'value_error' })
  }
  for (const field of Object.keys(checks) as (keyof Settings & string)[]) {
    const value = settings[field]
    if (value === undefined || value === null) continue
    const found = checks[field]!(value)
    if (!Array.isArray(found)) note([field], found)
    else for (const [part, problem] of found) note([field, part], problem)
  }
  if (problems.length === 0) return
  const detail = problems.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
  throw new PomboError('validation', { detail }, { problems })
}

/** Text that PostgreSQL cannot hold, or would change without a word. */
export function textProblem(text: string): Problem {
  if (text.includes('\0')) return 'must not contain the character U+0000'
  if (!text.isWellFormed()) return 'holds half of a surrogate pair, which is not valid Unicode'
  return undefined
}

export function lengthProblem(text: string, max: number): Problem {
  return text.length > max ? `is longer than ${max} characters` : textProblem(text)
}

export function atMost(max: number): (text: string) => Problem {
  return (text) => lengthProblem(text, max)
}

export function nameProblem(name: string): Problem {
  return name === '' ? 'must not be empty' : lengthProblem(name, 1_024)
}

export function integerProblem(value: number, min: number, max: number): Problem {
  return Number.isInteger(value) && value >= min && value <= max
    ? undefined
    : `must be a whole number from ${min} to ${max}`
}

export function integer(min: number, max: number): (value: number) => Problem {
  return (value) => integerProblem(value, min, max)
}

/**
 * A `uid` is the caller's own name for a thing. Wider than Svix's pattern, because sessions and instances of the
 * dialects become apps under the names they have; the native API checks its own, narrower one.
 */
export function uidProblem(uid: string, readsAsId: boolean): Problem {
  if (uid.length === 0 || uid.length > 256) return 'has 1 to 256 characters'
  if (/\p{Cc}/u.test(uid)) return 'must not contain control characters'
  if (readsAsId) return 'looks like an id that Pombo gives; choose another'
  return textProblem(uid)
}

export function metadataProblem(metadata: Record<string, string>): Problem {
  let characters = 0
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') return `the value of "${key}" must be text`
    const problem = textProblem(key) ?? textProblem(value)
    if (problem) return `"${key}" ${problem}`
    characters += key.length + value.length
  }
  return characters > 16_384 ? 'is larger than 16,384 characters' : undefined
}

/** What keeps a JSON value out of a jsonb column, or makes it too large for one of ours. */
export function jsonProblem(value: object, maxCharacters: number): Problem {
  const waiting: [value: unknown, depth: number][] = [[value, 0]]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [item, depth] = next
    if (typeof item === 'string') {
      const problem = textProblem(item)
      if (problem) return problem
    } else if (typeof item === 'object' && item !== null) {
      if (depth > 100) return 'is nested deeper than 100 levels'
      for (const [key, member] of Object.entries(item))
        waiting.push([key, depth], [member, depth + 1])
    }
  }
  return JSON.stringify(value).length > maxCharacters
    ? `is larger than ${maxCharacters} characters`
    : undefined
}

/** The UUID of a shown id, or the text itself where it is a UUID, as other rooms hold them. */
export function uuidOf(kind: IdKind, text: string): string | undefined {
  return (
    readId(kind, text) ??
    (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text) ? text : undefined)
  )
}
