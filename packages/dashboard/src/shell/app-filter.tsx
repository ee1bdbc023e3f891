import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { appsQuery } from '../api/apps.ts'
import { FilterSelect } from '../parts/field.tsx'
import { useSession } from '../session/session.ts'
import { useScope, useSetScope } from './scope.ts'

/** Which app a list is of, or all of them. */
export function AppFilter() {
  const t = useTranslations('shell')
  const { kind } = useSession()
  const scope = useScope() ?? ''
  const setScope = useSetScope()
  const apps = useQuery({ ...appsQuery, enabled: kind === 'account' })
  if (kind === 'portal') return null
  const options = (apps.data ?? []).map(({ id, name }) => ({ value: id, label: name }))
  if (scope !== '' && !options.some(({ value }) => value === scope))
    options.push({ value: scope, label: scope })
  return (
    <FilterSelect
      label={t('app')}
      value={scope}
      onPick={(app) => setScope(app === '' ? undefined : app)}
      options={[{ value: '', label: t('allApps') }, ...options]}
    />
  )
}
