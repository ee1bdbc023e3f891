/**
 * What Pombo says to people, by code. A sentence is written here and nowhere else; it goes through rooms, workers and
 * tables as text, and where it leaves, its code and what stands in its braces are found again, so that programs can say
 * it in another language, as the dashboard does. What others say (a library, a broker, a receiver) has no code.
 */
import { apiSentences } from './api.ts'
import { connectionSentences } from './connections.ts'
import { fieldSentences } from './fields.ts'
import { reasonSentences } from './reasons.ts'
import { refusalSentences } from './refusals.ts'

export const sentences = {
  ...fieldSentences,
  ...connectionSentences,
  ...apiSentences,
  ...reasonSentences,
  ...refusalSentences,
} as const

export type SentenceCode = keyof typeof sentences

type HolesOf<Sentence extends string> = Sentence extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends '' ? never : Name) | HolesOf<Rest>
  : never
type ValuesOf<Code extends SentenceCode> = Record<
  HolesOf<(typeof sentences)[Code]>,
  string | number
>

export function say<Code extends SentenceCode>(
  code: Code,
  ...[values]: [keyof ValuesOf<Code>] extends [never] ? [] : [ValuesOf<Code>]
): string {
  return filled(sentences[code], values ?? {})
}

/** A sentence with its values; braces of a name that none has stay. */
export function filled(
  sentence: string,
  values: Readonly<Record<string, string | number>>,
): string {
  return sentence.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole))
}

export interface CodedSentence {
  code: SentenceCode
  values: Record<string, string>
}

/** The code of a sentence that `say` has made; undefined: it is nobody's of these. */
export function codeOf(text: string): CodedSentence | undefined {
  const code = plain.get(text)
  if (code !== undefined) return { code, values: {} }
  for (const { code, names, parts } of templates) {
    const values = between(text, parts, names)
    if (values !== undefined) return { code, values }
  }
  return undefined
}

/** Of a detail that stands in another sentence. */
export function because(detail: string): { because?: CodedSentence } {
  const found = codeOf(detail)
  return found === undefined ? {} : { because: found }
}

/** Of what an attempt's error says behind the cause that it begins with: `transform: …`, `status 302, …`. */
export function codeOfError(error: string): CodedSentence | undefined {
  return codeOf(error.replace(/^(?:[a-z-]+:|status \d+[:,]) /, ''))
}

const all = (Object.entries(sentences) as [SentenceCode, string][]).map(([code, sentence]) => {
  const pieces = sentence.split(/\{(\w+)\}/)
  return {
    code,
    sentence,
    parts: pieces.filter((_, index) => index % 2 === 0),
    names: pieces.filter((_, index) => index % 2 === 1),
  }
})
const plain = new Map(
  all.filter(({ names }) => names.length === 0).map(({ code, sentence }) => [sentence, code]),
)
const lengthOf = ({ parts }: { parts: string[] }): number => parts.join('').length
/** The ones that say most first: one may be another with more behind it. */
const templates = all
  .filter(({ names }) => names.length > 0)
  .toSorted((a, b) => lengthOf(b) - lengthOf(a))

/** What stands between the parts, by name; without going back, so that no text takes long. */
function between(
  text: string,
  parts: readonly string[],
  names: readonly string[],
): Record<string, string> | undefined {
  const values: Record<string, string> = {}
  const last = parts.at(-1)!
  if (!text.startsWith(parts[0]!) || !text.endsWith(last)) return undefined
  const end = text.length - last.length
  let from = parts[0]!.length
  for (const [index, name] of names.entries()) {
    const part = parts[index + 1]!
    const again = values[name]
    const isLast = index === names.length - 1
    const at = again !== undefined ? from + again.length : isLast ? end : text.indexOf(part, from)
    if (at < from || at > end || !text.startsWith(part, at)) return undefined
    if (again !== undefined && !text.startsWith(again, from)) return undefined
    values[name] = text.slice(from, at)
    from = at + part.length
  }
  return from === text.length ? values : undefined
}
