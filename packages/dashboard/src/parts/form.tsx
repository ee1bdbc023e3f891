import type { ComponentProps, Dispatch, ReactNode, SetStateAction } from 'react'
import { asProblem } from '../api/problem.ts'
import { useFieldWords, useProblemDetail, useProblemWords } from '../words/problem-words.ts'
import { Notice } from './states.tsx'
import { Foreign } from './layout.tsx'

/** Sent by its button or by Enter; what is wrong with its fields is said by us, and not by the browser. */
export function Form({ onSend, ...rest }: { onSend: () => void } & ComponentProps<'form'>) {
  return (
    <form
      noValidate
      {...rest}
      onSubmit={(event) => {
        event.preventDefault()
        onSend()
      }}
    />
  )
}

/**
 * Ties a form's controls to what was typed so far, whose members are called as Pombo calls them, and to what it said
 * of them.
 */
export function useFields<Typed extends object>(
  typed: Typed,
  set: Dispatch<SetStateAction<Typed>>,
  error: unknown,
  others: readonly string[] = [],
) {
  type Name = keyof Typed & string
  const withErrors = Object.keys(typed).filter((name) => typeof typed[name as Name] !== 'boolean')
  const said = useFieldErrors(error, [...withErrors, ...others])
  const put = (name: Name, value: unknown): void => set((before) => ({ ...before, [name]: value }))
  return {
    ...said,
    text: (name: Name) => ({
      value: String(typed[name]),
      error: said.errors[name],
      onChange: ({ target }: { target: { value: string } }) => put(name, target.value),
    }),
    pick: <One extends Name>(name: One) => ({
      value: typed[name],
      error: said.errors[name],
      onPick: (value: Typed[One]) => put(name, value),
    }),
    check: (name: Name) => ({
      checked: typed[name] === true,
      onChange: ({ target }: { target: { checked: boolean } }) => put(name, target.checked),
    }),
  }
}

/** What an empty field stands for. */
export function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim()
}

export function numberOrNull(text: string): number | null {
  return text.trim() === '' ? null : Number(text)
}

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
