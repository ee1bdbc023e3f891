import { Link } from '@tanstack/react-router'
import { Plus, Radio } from 'lucide-react'
import { useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { ListedSource } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { Mono, Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { useMay } from '../../session/session.ts'
import { AppFilter } from '../../shell/app-filter.tsx'
import { useScope } from '../../shell/scope.ts'
import { brokerUrl, ReadingBadge } from './broker.tsx'
import { gatewayTitle } from './gateways.ts'
import { NewSource } from './new-source.tsx'
import { Sessions } from './sessions.tsx'

export function SourcesPage() {
  const t = useTranslations('sources')
  const may = useMay()
  const app = useScope()
  const [adding, setAdding] = useState(false)
  const columns = useColumns(app === undefined)
  const add = may('administer') && (
    <Button kind="primary" icon={Plus} onClick={() => setAdding(true)}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} lead={t('lead')} actions={add}>
      <FilterBar>
        <AppFilter />
      </FilterBar>
      <Panel flush>
        <PagedList
          linked
          label={t('title')}
          queryKey={['sources', app]}
          refetchMs={15_000}
          page={async (iterator) => {
            const query = { ...pageOf(iterator), ...(app !== undefined && { app_id: app }) }
            return await ask(api.GET('/api/v1/source', { params: { query } }))
          }}
          columns={columns}
          rowKey={({ id }) => id}
          empty={
            <Empty icon={Radio} title={t('empty')} action={add}>
              {t('emptyHow')}
            </Empty>
          }
        />
      </Panel>
      <Sessions />
      {adding && <NewSource onClose={() => setAdding(false)} />}
    </Page>
  )
}

function useColumns(withApp: boolean): Column<ListedSource>[] {
  const t = useTranslations('sources')
  const format = useFormatter()
  const app: Column<ListedSource> = {
    id: 'app',
    head: t('app'),
    is: 'name',
    cell: ({ appName, sessions }) => (sessions === 'any' ? t('any') : appName),
  }
  return [
    {
      id: 'gateway',
      head: t('gateway'),
      is: 'name',
      cell: ({ id, appId, gateway }) => (
        <Link className={rowLink} to="/sources/$appId/$sourceId" params={{ appId, sourceId: id }}>
          {gatewayTitle(gateway)}
        </Link>
      ),
    },
    { id: 'name', head: t('name'), is: 'name', minor: true, cell: ({ name }) => name },
    ...(withApp ? [app] : []),
    {
      id: 'state',
      head: t('state'),
      is: 'nowrap',
      cell: ({ lastEventAt, silentSince, reading }) =>
        reading !== null && reading.state !== 'reading' ? (
          <ReadingBadge state={reading.state} />
        ) : silentSince !== null ? (
          <Badge tone="bad">{t('silent')}</Badge>
        ) : lastEventAt === null ? (
          <Badge>{t('unknown')}</Badge>
        ) : (
          <Badge tone="good">{t('heard')}</Badge>
        ),
    },
    {
      id: 'url',
      head: t('address'),
      is: 'fill',
      minor: true,
      cell: ({ url, broker }) => <Mono>{broker === null ? url : brokerUrl(broker)}</Mono>,
    },
    {
      id: 'rate',
      head: t('perMinute'),
      is: 'number',
      minor: true,
      cell: ({ eventsPerMinute }) => format.number(eventsPerMinute, { maximumFractionDigits: 1 }),
    },
    { id: 'at', head: t('lastEvent'), ago: ({ lastEventAt }) => lastEventAt },
  ]
}
