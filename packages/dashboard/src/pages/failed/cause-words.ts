import { useTranslations } from 'use-intl'
import type { FailureGroup } from '../../api/shapes.ts'

type Cause = Omit<FailureGroup['cause'], 'code'>

/** Why a delivery failed, in words. */
export function useCauseWords(): (cause: Cause) => string {
  const t = useTranslations('causes')
  return ({ outcome, statusCode, reason }) => {
    const key = `reasons.${reason}` as 'reasons.dns'
    if (reason !== null && t.has(key)) return t(key)
    switch (outcome) {
      case 'refused':
        return t('refused', { code: String(statusCode ?? '') })
      case 'timed-out':
        return t('timedOut')
      case 'unreachable':
        return t('unreachable')
      case 'blocked':
        return t('blocked')
      default:
        return t('failed')
    }
  }
}

/** Where the network, a library or the receiver has the last word, which no code holds. */
const saidByOthers = new Set(['tls', 'protocol', 'network', 'request'])

/** What an attempt's error tells beyond its cause: another's own words, a redirect's target, an error's code. */
export function beyondCause(
  { outcome, statusCode, reason }: Cause,
  error: string | null,
): string | null {
  if (error === null || error === `status ${statusCode}`) return null
  const beyond = error.replace(/^(?:[a-z-]+:|status \d+[:,]) /, '')
  if (outcome === 'refused' || outcome === 'failed') return beyond
  if (reason !== null && saidByOthers.has(reason)) return beyond
  return /\([A-Z][A-Z\d_]+\)$/.exec(error)?.[0] ?? null
}
