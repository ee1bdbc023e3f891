import { useTranslations } from 'use-intl'
import type { Because, FieldProblem, Problem } from '../api/problem.ts'
import { filled } from './filled.ts'
import { useSaid } from './said.ts'

/** A refusal in the person's language; what it does not know by its code, it says by its kind. */
export function useProblemWords(): (problem: Problem) => string {
  const t = useTranslations('problems')
  return (problem) => {
    const { code, retryAfterSeconds } = problem
    if (tooMany.has(code)) return t('tooMany', { seconds: retryAfterSeconds ?? 60 })
    if (code in known) return t(known[code as keyof typeof known])
    return problem.status >= 500 ? t('server') : t('refused')
  }
}

const tooMany = new Set(['rate_limited', 'no_time_to_check', 'too_many_sign_ins'])

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
  payload_sealed: 'payloadSealed',
  database_away: 'databaseAway',
  overloaded: 'overloaded',
} as const

/** What Pombo says beyond that: in the person's language by its code, or `foreign`, in Pombo's own words; null: nothing. */
export function useProblemDetail(): (
  problem: Problem,
) => { text: string; foreign: boolean } | null {
  const { sentences, kinds } = useSaid()
  return ({ code, detail, values, because }) => {
    if (code === 'network' || detail === '') return null
    const sentence = because && sentences[because.code]
    if (sentence !== undefined) return { text: filled(sentence, because!.values), foreign: false }
    const ofKind = kinds[code]
    if (ofKind == null) return { text: detail, foreign: true }
    return ofKind === '' ? null : { text: filled(ofKind, values), foreign: false }
  }
}

type Coded = Pick<FieldProblem, 'message'> & {
  code: string | null
  values: FieldProblem['values'] | null
  because?: Because | null
}

/** Why something is as it is, by its code: of a field's mistake, of an error, of a refused request; null: by none. */
export function useReasonWords(): (said: Coded) => string | null {
  const t = useTranslations('problems')
  const refusals = useTranslations('sources.refusals')
  const fields = useFieldWords()
  const { sentences } = useSaid()
  return ({ message, code, values, because }) => {
    if (code === null) return null
    if (sentences[code] !== undefined) return filled(sentences[code], values ?? {})
    if (t.has(`fields.${code}` as 'fields.missing'))
      return fields({ message, code, values: values ?? undefined, because: because ?? undefined })
    if (refusals.has(code as 'unsigned'))
      return refusals(code as 'address_not_allowed', values as { address: string })
    return code in known ? t(known[code as keyof typeof known]) : null
  }
}

/** Of one field: by the code of the mistake; what has none is said as Pombo says it, in English. */
export function useFieldWords(): (
  problem: Pick<FieldProblem, 'message' | 'code' | 'values' | 'because'>,
) => string {
  const t = useTranslations('problems')
  const { sentences } = useSaid()
  return ({ message, code, values = {}, because }) => {
    const sentence = code && sentences[code]
    if (sentence) return filled(sentence, values)
    const key = `fields.${code === 'too_short' && values['limit'] === 1 ? 'missing' : code}`
    if (!t.has(key as 'fields.missing')) return t('fieldWrong', { message })
    const detail =
      because && sentences[because.code] && filled(sentences[because.code]!, because.values)
    const said = t(
      key as 'fields.expression',
      {
        message,
        detail: message,
        ...values,
        ...(detail && { message: detail, detail }),
      } as { message: string },
    )
    const { near } = values
    return near === undefined || near === ''
      ? said
      : `${said} ${t('meant', { near: String(near) })}`
  }
}
