import { useBlocker } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'

/** Asks before what was typed is lost, on leaving the page or closing it. */
export function useLeaveGuard(dirty: boolean): void {
  const t = useTranslations('common')
  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm(t('discardEdits')),
    enableBeforeUnload: () => dirty,
  })
}
