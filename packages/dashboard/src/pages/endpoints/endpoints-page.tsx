import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, SearchX, Webhook } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { buttonClass } from '../../parts/button.tsx'
import { FilterSelect, SearchField } from '../../parts/field.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import { useMay } from '../../session/session.ts'
import { AppFilter } from '../../shell/app-filter.tsx'
import { useScope } from '../../shell/scope.ts'
import { useEndpointColumns } from './endpoint-columns.tsx'
import { endpointStates } from './search.ts'

const route = getRouteApi('/in/endpoints')

export function EndpointsPage() {
  const t = useTranslations('endpoints')
  const may = useMay()
  const app = useScope()
  const { q, state } = route.useSearch()
  const columns = useEndpointColumns(app === undefined)
  const create = may('administer') && (
    <Link to="/endpoints/new" className={buttonClass({ kind: 'primary' })}>
      <Plus size={14} aria-hidden /> {t('new')}
    </Link>
  )
  const filtered = q !== undefined || state !== undefined
  return (
    <Page title={t('title')} actions={create}>
      <Filters />
      <Panel flush>
        <PagedList
          linked
          label={t('title')}
          queryKey={['endpoints', app, q, state]}
          refetchMs={10_000}
          page={async (iterator) => {
            const query = {
              ...pageOf(iterator),
              ...(app !== undefined && { app_id: app }),
              ...(q !== undefined && { q }),
              ...(state !== undefined && { state }),
            }
            return await ask(api.GET('/api/v1/search/endpoint', { params: { query } }))
          }}
          columns={columns}
          rowKey={({ id }) => id}
          empty={
            filtered ? (
              <Empty icon={SearchX} title={t('noneFound')}>
                {t('noneFoundHow')}
              </Empty>
            ) : (
              <Empty icon={Webhook} title={t('empty')} action={create}>
                {t('emptyHow')}
              </Empty>
            )
          }
        />
      </Panel>
    </Page>
  )
}

function Filters() {
  const t = useTranslations('endpoints')
  const { q, state } = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <FilterBar>
      <SearchField
        label={t('search')}
        value={q ?? ''}
        onSearch={(typed) =>
          void navigate({ search: (before) => ({ ...before, q: typed || undefined }) })
        }
      />
      <AppFilter />
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
  )
}
