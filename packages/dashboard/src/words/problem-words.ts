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

/** Of one field: by the kind of the mistake, and with what Pombo says of it where the kind does not say enough. */
export function useFieldWords(): (problem: FieldProblem) => string {
  const t = useTranslations('problems')
  return ({ type, message }) => {
    if (/missing|required/.test(type) || message === 'field required') return t('fieldMissing')
    if (type === 'value_error.extra') return t('fieldExtra')
    return t('fieldWrong', { message })
  }
}
