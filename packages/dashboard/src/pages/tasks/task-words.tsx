import { useTranslations } from 'use-intl'
import type { Task } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'

export function TaskBadge({ task }: { task: Task }) {
  const t = useTranslations('tasks')
  if (task.data.phase === 'canceled') return <Badge>{t('canceled')}</Badge>
  if (task.status === 'running') return <Badge tone="info">{t('running')}</Badge>
  if (task.status === 'failed') return <Badge tone="bad">{t('failed')}</Badge>
  return <Badge tone="good">{t('finished')}</Badge>
}

const kinds = {
  replay: 'kindReplay',
  recover: 'kindRecover',
  retry: 'kindRetry',
  discard: 'kindDiscard',
} as const

export function useTaskKind(): (task: string) => string {
  const t = useTranslations('tasks')
  return (task) => {
    const last = task.split('.').at(-1) ?? ''
    return t(last in kinds ? kinds[last as keyof typeof kinds] : 'kindOther')
  }
}
