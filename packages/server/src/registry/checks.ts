import { type FieldProblem, invalid, invalidFields } from '../core/error.ts'
import { type Coded, coded, type Problem } from '../core/field-problem.ts'
import { readId, type IdKind } from '../core/id.ts'
import { wrongHeader } from '../core/request-headers.ts'
import { say } from '../core/sentences/sentences.ts'

export type { Problem }

/** Of a value with parts: what is wrong with each of them. */
export type Problems = (readonly [part: string | readonly string[], problem: Problem])[]

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
  const note = (loc: string[], problem: Problem): void => {
    if (problem !== undefined)
      problems.push({ loc: ['body', ...loc], ...coded(problem), type: 'value_error' })
  }
  for (const field of Object.keys(checks) as (keyof Settings & string)[]) {
    const value = settings[field]
    if (value === undefined || value === null) continue
    const found = checks[field]!(value)
    if (!Array.isArray(found)) note([field], found)
    else for (const [part, problem] of found) note([field, part].flat(), problem)
  }
  if (problems.length > 0) throw invalidFields(problems)
}

/** Text that PostgreSQL cannot hold, or would change without a word. */
export function textProblem(text: string): Coded | undefined {
  const code = 'characters'
  if (text.includes('\0')) return { code, msg: 'must not contain the character U+0000' }
  if (!text.isWellFormed())
    return { code, msg: 'holds half of a surrogate pair, which is not valid Unicode' }
  return undefined
}

export function lengthProblem(text: string, max: number): Coded | undefined {
  return text.length > max ? tooLong(max) : textProblem(text)
}

function tooLong(limit: number): Coded {
  return { msg: `is longer than ${limit} characters`, code: 'too_long', values: { limit } }
}

export function atMost(max: number): (text: string) => Problem {
  return (text) => lengthProblem(text, max)
}

export function nameProblem(name: string): Problem {
  return name === '' ? { msg: 'must not be empty', code: 'missing' } : lengthProblem(name, 1_024)
}

export function integerProblem(value: number | undefined, min: number, max: number): Problem {
  return value === undefined || (Number.isInteger(value) && value >= min && value <= max)
    ? undefined
    : {
        msg: `must be a whole number from ${min} to ${max}`,
        code: 'out_of_range',
        values: { min, max },
      }
}

export function integer(min: number, max: number): (value: number) => Problem {
  return (value) => integerProblem(value, min, max)
}

/**
 * A `uid` is the caller's own name for a thing. Wider than Svix's pattern, because sessions and instances of the
 * dialects become apps under the names they have; the native API checks its own, narrower one.
 */
export function uidProblem(uid: string, readsAsId: boolean): Problem {
  if (uid.length === 0 || uid.length > 256) return say('length_between', { min: 1, max: 256 })
  if (/\p{Cc}/u.test(uid)) return say('control_characters')
  if (readsAsId)
    return { msg: 'looks like an id that Pombo gives; choose another', code: 'taken_form' }
  return textProblem(uid)
}

/** Of a PUT that creates: its path gives the uid, which is as narrow as the native API takes it in a body. */
export function checkPathUid(uid: string, parameter: string): void {
  if (!/^[a-zA-Z0-9\-_.]+$/.test(uid)) throw invalid(['path', parameter], say('name_characters'))
}

/** Of a whole set of headers: under the name of the one that is wrong, where it is one. */
export function headersProblems(headers: Record<string, string>): Problems {
  const { name, problem } = wrongHeader(headers) ?? {}
  return [[name ?? [], problem]]
}

export function metadataProblem(metadata: Record<string, string>): Problem {
  let characters = 0
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') return say('header_text', { name: key })
    const problem = textProblem(key) ?? textProblem(value)
    if (problem) return { ...problem, msg: `"${key}" ${problem.msg}` }
    characters += key.length + value.length
  }
  return characters > 16_384
    ? { msg: 'is larger than 16,384 characters', code: 'too_long', values: { limit: 16_384 } }
    : undefined
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
      if (depth > 100) return { msg: 'is nested deeper than 100 levels', code: 'nested_too_deep' }
      for (const [key, member] of Object.entries(item))
        waiting.push([key, depth], [member, depth + 1])
    }
  }
  return JSON.stringify(value).length > maxCharacters
    ? {
        msg: `is larger than ${maxCharacters} characters`,
        code: 'too_long',
        values: { limit: maxCharacters },
      }
    : undefined
}

/** The UUID of a shown id, or the text itself where it is a UUID, as other rooms hold them. */
export function uuidOf(kind: IdKind, text: string): string | undefined {
  return (
    readId(kind, text) ??
    (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text) ? text : undefined)
  )
}
