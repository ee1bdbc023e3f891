import { useTranslations } from 'use-intl'
import type { FailureGroup } from '../../api/shapes.ts'

const reasons = {
  connect: 'timedOutConnect',
  headers: 'timedOutHeaders',
  body: 'timedOutBody',
  dns: 'dns',
  'connect-refused': 'connectRefused',
  'no-route': 'noRoute',
  tls: 'tls',
  reset: 'reset',
  closed: 'closed',
  protocol: 'protocol',
  address: 'blockedAddress',
  transform: 'transform',
  sealed: 'sealed',
} as const

/** Why a delivery failed, in words. */
export function useCauseWords(): (cause: FailureGroup['cause']) => string {
  const t = useTranslations('causes')
  return ({ outcome, statusCode, reason }) => {
    if (reason !== null && reason in reasons) return t(reasons[reason as keyof typeof reasons])
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
