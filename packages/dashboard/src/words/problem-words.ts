import { useTranslations } from 'use-intl'
import type { FieldProblem, Problem } from '../api/problem.ts'

/** A refusal in the person's language; what it does not know by its code, it says by its kind. */
export function useProblemWords(): (problem: Problem) => string {
  const t = useTranslations('problems')
  return (problem) => {
    const { code, retryAfterSeconds } = problem
    if (code === 'rate_limited' || code === 'too_many_sign_ins')
      return t('tooMany', { seconds: retryAfterSeconds ?? 60 })
    if (code in known) return t(known[code as keyof typeof known])
    return problem.status >= 500 ? t('server') : t('refused')
  }
}

const known = {
  network: 'network',
  authentication_failed: 'authentication',
  permission_denied: 'permission',
  not_found: 'notFound',
  conflict: 'conflict',
  validation: 'validation',
  forged_request: 'forged',
  too_large: 'tooLarge',
  bad_json: 'badJson',
  database_away: 'databaseAway',
  overloaded: 'overloaded',
} as const

type Coded = Pick<FieldProblem, 'message'> & {
  code: string | null
  values: FieldProblem['values'] | null
}

/** Why something is as it is, by its code: of a field's mistake, of an error, of a refused request; null: by none. */
export function useReasonWords(): (said: Coded) => string | null {
  const t = useTranslations('problems')
  const refusals = useTranslations('sources.refusals')
  const fields = useFieldWords()
  return ({ message, code, values }) => {
    if (code === null) return null
    if (t.has(`fields.${code}` as 'fields.missing'))
      return fields({ message, code, values: values ?? undefined })
    if (refusals.has(code as 'unsigned'))
      return refusals(code as 'address_not_allowed', values as { address: string })
    return code in known ? t(known[code as keyof typeof known]) : null
  }
}

/** Of one field: by the code of the mistake; what has none is said as Pombo says it, in English. */
export function useFieldWords(): (
  problem: Pick<FieldProblem, 'message' | 'code' | 'values'>,
) => string {
  const t = useTranslations('problems')
  return ({ message, code, values = {} }) => {
    const key = `fields.${code === 'too_short' && values['limit'] === 1 ? 'missing' : code}`
    if (!t.has(key as 'fields.missing')) return t('fieldWrong', { message })
    const said = t(
      key as 'fields.expression',
      { message, detail: message, ...values } as { message: string },
    )
    const { near } = values
    return near === undefined || near === ''
      ? said
      : `${said} ${t('meant', { near: String(near) })}`
  }
}
