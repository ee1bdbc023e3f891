import type { ReactNode } from 'react'
import { asProblem } from '../api/problem.ts'
import { useFieldWords, useProblemDetail, useProblemWords } from '../words/problem-words.ts'
import { Notice } from './states.tsx'
import { Foreign } from './layout.tsx'

/**
 * What Pombo said of a form, at the fields that it named, and above the form what is about none of them. `fields` are
 * those that the form has; a problem of `headers.X` is shown at `headers`.
 */
export function useFieldErrors(
  error: unknown,
  fields: readonly string[],
): { errors: Record<string, string>; rest: ReactNode } {
  const words = useProblemWords()
  const fieldWords = useFieldWords()
  const detailOf = useProblemDetail()
  if (error === null || error === undefined) return { errors: {}, rest: null }
  const problem = asProblem(error)
  const errors: Record<string, string> = {}
  const others: string[] = []
  for (const one of problem.fields) {
    const at = fields.find((name) => one.field === name || one.field.startsWith(`${name}.`))
    if (at === undefined) others.push(`${one.field}: ${fieldWords(one)}`)
    else errors[at] ??= fieldWords(one)
  }
  if (problem.fields.length > 0 && others.length === 0) return { errors, rest: null }
  const detail =
    problem.fields.length > 0 ? { text: others.join(' '), foreign: false } : detailOf(problem)
  return {
    errors,
    rest: (
      <Notice tone="bad">
        {words(problem)}
        {detail !== null && (
          <>: {detail.foreign ? <Foreign>{detail.text}</Foreign> : detail.text}</>
        )}
      </Notice>
    ),
  }
}
