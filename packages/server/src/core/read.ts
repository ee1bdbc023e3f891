import type { z } from 'zod'
import { type FieldProblem, invalidFields } from './error.ts'
import { coded, type FieldCode } from './field-problem.ts'
import { fields } from './json-values.ts'
import { type Found, known } from './known.ts'
import { nearest } from './nearest.ts'
import { codeOf, say } from './sentences/sentences.ts'

/** Problems that one refusal names: to find the words for some ten thousand would hold up all others for seconds. */
export const MOST_TOLD = 50

/** Reads `value` by `schema`, or refuses with what is wrong with it. `where`: body, query, path or header. */
export function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const looked = known(schema, value, [where])
  const result = schema.safeParse(looked.value, { reportInput: true })
  if (result.success && looked.problems.length === 0) return result.data
  const named = new Set(looked.problems.map(({ loc }) => loc.slice(1, -1).join('.')))
  const misfits = (result.error?.issues ?? [])
    // Of an object whose unknown members are named already.
    .filter(({ code, path }) => !objectAlone.has(code) || !named.has(path.join('.')))
    .map((issue): Found => ({ loc: [], tell: () => problemOf(issue, where) }))
  const all = [...looked.problems, ...misfits]
  const problems = all.slice(0, MOST_TOLD).map(({ tell }) => tell())
  const left = all.length - problems.length
  if (left > 0)
    problems.push({
      loc: [where],
      ...coded(say('more_problems', { count: left })),
      type: 'value_error',
    })
  throw invalidFields(problems)
}

/** What says no more than that an object does not fit as a whole. */
const objectAlone = new Set<string>(['unrecognized_keys', 'invalid_union'])

function problemOf(issue: z.core.$ZodIssue, where: string): FieldProblem {
  const loc = [where, ...issue.path.map(String)]
  if (issue.input === undefined && issue.code.startsWith('invalid_')) {
    return { loc, msg: 'field required', type: 'value_error.missing', code: 'missing' }
  }
  return {
    loc,
    msg: isRepeated(issue, where)
      ? 'is given more than once; give it once'
      : issue.message + nearestWord(issue),
    type: issue.code === 'invalid_type' ? 'type_error' : 'value_error',
    ...(codeOf(issue.message) ?? codeByKind(issue)),
  }
}

/** A parameter that takes one value comes as a list where the query has it twice. */
function isRepeated({ code, input }: z.core.$ZodIssue, where: string): boolean {
  return (
    where === 'query' &&
    (code === 'invalid_type' || code === 'invalid_value') &&
    Array.isArray(input)
  )
}

/** Of what the library that reads says in words of its own. */
function codeByKind(issue: z.core.$ZodIssue): Pick<FieldProblem, 'code' | 'values'> {
  switch (issue.code) {
    case 'invalid_type':
      return { code: 'wrong_type', values: { expected: issue.expected } }
    case 'invalid_value':
      return { code: 'option', values: { options: issue.values.map(String).join(', ') } }
    case 'too_small':
      return boundOf(issue.origin, issue.minimum, ['too_short', 'too_few', 'too_low'])
    case 'too_big':
      return boundOf(issue.origin, issue.maximum, ['too_long', 'too_many', 'too_high'])
    default:
      return { code: 'wrong_form' }
  }
}

function boundOf(
  origin: string,
  limit: number | bigint,
  [text, list, number]: readonly [FieldCode, FieldCode, FieldCode],
): Pick<FieldProblem, 'code' | 'values'> {
  const code = origin === 'string' ? text : origin === 'array' ? list : number
  return { code, values: { limit: Number(limit) } }
}

/** Of the words that an enum takes, the one that was most likely meant. */
function nearestWord(issue: z.core.$ZodIssue): string {
  const { word, words } = wordsOf(issue)
  if (typeof word !== 'string') return ''
  const texts = words.filter((one) => typeof one === 'string')
  const near = nearest(word, texts)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

/** What was given, and what could have been. */
function wordsOf(issue: z.core.$ZodIssue): { word?: unknown; words: readonly unknown[] } {
  if (issue.code === 'invalid_value') return { word: issue.input, words: issue.values }
  if (issue.code !== 'invalid_union' || !('options' in issue)) return { words: [] }
  const { discriminator = '', options } = issue
  return {
    word: fields(issue.input)?.[discriminator],
    words: Array.isArray(options) ? options : [],
  }
}
