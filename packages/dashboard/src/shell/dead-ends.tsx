import { Link, useRouter } from '@tanstack/react-router'
import { Bird, Bug } from 'lucide-react'
import { useCallback, useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { Problem } from '../api/problem.ts'
import { Button, buttonClass } from '../parts/button.tsx'
import { Code } from '../parts/code.tsx'
import { Empty, Failure } from '../parts/states.tsx'
import { tellAround, useEmbedding } from '../session/embedding.ts'

export function NoPage() {
  const t = useTranslations('shell')
  return (
    <Empty
      icon={Bird}
      iconSize={26}
      title={t('notFound')}
      action={
        <Link to="/" className={buttonClass({})}>
          {t('toStart')}
        </Link>
      }
    >
      {t('notFoundHow')}
    </Empty>
  )
}

/** What Pombo refused is said as such; anything else is a fault of a page. */
export function Crashed({ error }: { error: unknown }) {
  const t = useTranslations('shell')
  const router = useRouter()
  if (error instanceof Problem)
    return <Failure problem={error} retry={() => void router.invalidate()} />
  return (
    <Empty
      icon={Bug}
      iconSize={26}
      title={t('crashed')}
      action={<Button onClick={() => window.location.reload()}>{t('reload')}</Button>}
    >
      {t('crashedHow')}
      <Code label={t('crashed')} text={String(error instanceof Error ? error.stack : error)} />
    </Empty>
  )
}

export function PortalClosed() {
  const t = useTranslations('signIn')
  const router = useRouter()
  const open = useCallback(() => void router.navigate({ to: '/' }), [router])
  useEmbedding(open)
  useEffect(() => tellAround('pombo:expired'), [])
  return (
    <Empty icon={Bird} iconSize={26} title={t('portalEnded')}>
      {t('portalNoToken')}
    </Empty>
  )
}
