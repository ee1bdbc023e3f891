import { Ban, History, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../parts/button.tsx'
import { type Bulk, BulkDialog } from './bulk-dialog.tsx'

/** What can be done to many: to those that were chosen by hand, else to all that the filter finds. */
export function Actions({
  chosen,
  filter,
  any,
  onNone,
}: Pick<Bulk, 'chosen' | 'filter'> & { any: boolean; onNone: () => void }) {
  const t = useTranslations('failed')
  const [action, setAction] = useState<Bulk['action']>()
  const count = chosen.length
  return (
    <>
      {count > 0 && (
        <Button kind="quiet" onClick={onNone}>
          {t('chosen', { count })} · {t('unchoose')}
        </Button>
      )}
      <Button kind="primary" icon={RotateCw} disabled={!any} onClick={() => setAction('retry')}>
        {count > 0 ? t('retry') : t('retryAll')}
      </Button>
      <Button icon={History} onClick={() => setAction('replay')}>
        {t('replay')}
      </Button>
      <Button
        icon={Ban}
        disabled={!any || filter.states?.join() === 'exhausted'}
        onClick={() => setAction('discard')}
      >
        {count > 0 ? t('discard') : t('discardAll')}
      </Button>
      {action !== undefined && (
        <BulkDialog
          bulk={{ action, chosen: action === 'replay' ? [] : chosen, filter }}
          onClose={() => setAction(undefined)}
        />
      )}
    </>
  )
}
