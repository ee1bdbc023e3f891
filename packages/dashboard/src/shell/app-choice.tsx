import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { appsQuery } from '../api/apps.ts'
import { SelectField } from '../parts/field.tsx'
import { useSession } from '../session/session.ts'
import { useScope } from './scope.ts'

/** For which app something is made: the portal's own, the one that the pages are about, the only one, or one chosen. */
export function useAppChoice() {
  const { kind } = useSession()
  const scope = useScope()
  const apps = useQuery({ ...appsQuery, enabled: kind === 'account' }).data ?? []
  const [chosen, choose] = useState<string>()
  return { appId: chosen ?? scope ?? (apps.length === 1 ? apps[0]!.id : ''), apps, choose }
}

/** Nothing in a portal, which is of one app. */
export function AppChoice({
  of: { appId, apps, choose },
  judged,
}: {
  of: ReturnType<typeof useAppChoice>
  /** Whether it is said that one has to be chosen. */
  judged: boolean
}) {
  const t = useTranslations('shell')
  const { kind } = useSession()
  if (kind === 'portal') return null
  return (
    <SelectField
      label={t('app')}
      value={appId}
      onPick={choose}
      error={judged && appId === '' ? t('pickApp') : undefined}
      options={[
        { value: '', label: '—' },
        ...apps.map(({ id, name }) => ({ value: id, label: name })),
      ]}
    />
  )
}
