import { useTranslations } from 'use-intl'
import type { Attempt } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'

const tones: Record<Attempt['statusText'], Tone> = {
  success: 'good',
  pending: 'info',
  sending: 'info',
  fail: 'bad',
  canceled: 'neutral',
}

/** What became of one delivery. */
export function StatusBadge({ status }: { status: Attempt['statusText'] }) {
  const t = useTranslations('messages.status')
  return <Badge tone={tones[status]}>{t(status)}</Badge>
}

/** How an attempt ended, in words. */
export function useOutcomeWords(): (
  attempt: Pick<Attempt, 'outcome' | 'responseStatusCode'>,
) => string {
  const t = useTranslations('messages.outcome')
  return ({ outcome, responseStatusCode }) => {
    switch (outcome) {
      case 'delivered':
        return t('delivered')
      case 'refused':
        return t('refused', { code: String(responseStatusCode) })
      case 'timed-out':
        return t('timedOut')
      case 'unreachable':
        return t('unreachable')
      case 'blocked':
        return t('blocked')
      case 'failed':
        return t('failed')
    }
  }
}
