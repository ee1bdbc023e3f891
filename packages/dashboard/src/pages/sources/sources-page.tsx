import { Link } from '@tanstack/react-router'
import { Plus, Radio } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Source } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { Mono, Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Bones, Empty } from '../../parts/states.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { Ago } from '../../parts/time.tsx'
import { useMay } from '../../session/session.ts'
import { AppFilter } from '../../shell/app-filter.tsx'
import { NoApp } from '../../shell/no-app.tsx'
import { useOneApp } from '../../shell/one-app.ts'
import { gatewayTitles } from './gateways.ts'
import { NewSource } from './new-source.tsx'

export function SourcesPage() {
  const t = useTranslations('sources')
  const may = useMay()
  const { app, pending } = useOneApp()
  const [adding, setAdding] = useState(false)
  const columns: Column<Source>[] = [
    {
      id: 'gateway',
      head: t('gateway'),
      is: 'nowrap',
      cell: ({ id, gateway }) => (
        <Link
          className={rowLink}
          to="/sources/$appId/$sourceId"
          params={{ appId: app ?? '', sourceId: id }}
        >
          {gatewayTitles[gateway as keyof typeof gatewayTitles] ?? gateway}
        </Link>
      ),
    },
    { id: 'name', head: t('name'), is: 'nowrap', cell: ({ name }) => name },
    {
      id: 'url',
      head: t('address'),
      is: 'fill',
      minor: true,
      cell: ({ url }) => <Mono>{url}</Mono>,
    },
    { id: 'at', head: t('created'), is: 'number', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  ]
  const add = app !== undefined && may('administer') && (
    <Button kind="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setAdding(true)}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} lead={t('lead')} actions={add}>
      {app !== undefined && (
        <FilterBar>
          <AppFilter app={app} />
        </FilterBar>
      )}
      <Panel flush>
        {app === undefined ? (
          pending ? (
            <Bones />
          ) : (
            <NoApp />
          )
        ) : (
          <PagedList
            linked
            label={t('title')}
            queryKey={['sources', app]}
            page={async (iterator) => {
              const params = { path: { app_id: app }, query: pageOf(iterator) }
              return await ask(api.GET('/api/v1/app/{app_id}/source', { params }))
            }}
            columns={columns}
            rowKey={({ id }) => id}
            empty={
              <Empty icon={<Radio size={22} aria-hidden />} title={t('empty')} action={add}>
                {t('emptyHow')}
              </Empty>
            }
          />
        )}
      </Panel>
      {adding && app !== undefined && <NewSource app={app} onClose={() => setAdding(false)} />}
    </Page>
  )
}
