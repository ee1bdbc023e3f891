import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { appsQuery } from '../api/apps.ts'
import { FilterSelect } from '../parts/field.tsx'
import { useSession } from '../session/session.ts'
import { useSetScope } from './scope.ts'

/** Which app a list is of, where it can be of one only. */
export function AppFilter({ app }: { app: string }) {
  const t = useTranslations('shell')
  const { kind } = useSession()
  const setScope = useSetScope()
  const apps = useQuery({ ...appsQuery, enabled: kind === 'account' })
  if (kind === 'portal') return null
  const options = (apps.data ?? []).map(({ id, name }) => ({ value: id, label: name }))
  if (!options.some(({ value }) => value === app)) options.push({ value: app, label: app })
  return <FilterSelect label={t('app')} value={app} onPick={setScope} options={options} />
}
