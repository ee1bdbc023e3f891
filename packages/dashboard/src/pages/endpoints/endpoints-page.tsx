import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, SearchX, Webhook } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { asProblem } from '../../api/problem.ts'
import { buttonClass } from '../../parts/button.tsx'
import { FilterSelect, SearchField } from '../../parts/field.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { Page, Panel } from '../../parts/layout.tsx'
import { Bones, Empty, Failure } from '../../parts/states.tsx'
import { useMay } from '../../session/session.ts'
import { AppFilter } from '../../shell/app-filter.tsx'
import { NoApp } from '../../shell/no-app.tsx'
import { useOneApp } from '../../shell/one-app.ts'
import { EndpointRows } from './endpoint-rows.tsx'
import { stateOf } from './health.tsx'
import { endpointsQuery } from './queries.ts'
import { endpointStates } from './search.ts'

const route = getRouteApi('/in/endpoints')

export function EndpointsPage() {
  const t = useTranslations('endpoints')
  const may = useMay()
  const { app, pending } = useOneApp()
  const create = may('administer') && (
    <Link to="/endpoints/new" className={buttonClass({ kind: 'primary' })}>
      <Plus size={14} aria-hidden /> {t('new')}
    </Link>
  )
  return (
    <Page title={t('title')} actions={create}>
      {app === undefined ? (
        <Panel flush>{pending ? <Bones /> : <NoApp />}</Panel>
      ) : (
        <List app={app} create={create} />
      )}
    </Page>
  )
}

function List({ app, create }: { app: string; create: ReactNode }) {
  const t = useTranslations('endpoints')
  const { q, state } = route.useSearch()
  const navigate = route.useNavigate()
  const found = useQuery(endpointsQuery(app))
  const text = q?.toLowerCase()
  const rows = found.data?.filter(
    (one) =>
      (text === undefined || `${one.url} ${one.description}`.toLowerCase().includes(text)) &&
      (state === undefined || stateOf(one) === state),
  )
  return (
    <>
      <FilterBar>
        <SearchField
          label={t('search')}
          value={q ?? ''}
          onSearch={(typed) =>
            void navigate({ search: (before) => ({ ...before, q: typed || undefined }) })
          }
        />
        <AppFilter app={app} />
        <FilterSelect
          label={t('state')}
          value={state ?? ''}
          onPick={(picked) =>
            void navigate({
              search: (before) => ({ ...before, state: picked === '' ? undefined : picked }),
            })
          }
          options={[
            { value: '' as const, label: t('anyState') },
            ...endpointStates.map((value) => ({ value, label: t(`option.${value}`) })),
          ]}
        />
      </FilterBar>
      <Panel flush>
        {rows === undefined ? (
          found.error === null ? (
            <Bones />
          ) : (
            <Failure problem={asProblem(found.error)} retry={() => void found.refetch()} />
          )
        ) : found.data?.length === 0 ? (
          <Empty icon={<Webhook size={22} aria-hidden />} title={t('empty')} action={create}>
            {t('emptyHow')}
          </Empty>
        ) : rows.length === 0 ? (
          <Empty icon={<SearchX size={22} aria-hidden />} title={t('noneFound')}>
            {t('noneFoundHow')}
          </Empty>
        ) : (
          <EndpointRows app={app} rows={rows} />
        )}
      </Panel>
    </>
  )
}
