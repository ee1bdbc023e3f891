import { Link } from '@tanstack/react-router'
import { Boxes } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { buttonClass } from '../parts/button.tsx'
import { Empty } from '../parts/states.tsx'

/** Before there is any app there is nothing else. */
export function NoApp() {
  const t = useTranslations('apps')
  return (
    <Empty
      icon={<Boxes size={22} aria-hidden />}
      title={t('empty')}
      action={
        <Link to="/apps" className={buttonClass({ kind: 'primary' })}>
          {t('title')}
        </Link>
      }
    >
      {t('emptyHow')}
    </Empty>
  )
}
