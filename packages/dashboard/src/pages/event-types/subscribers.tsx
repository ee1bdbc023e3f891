import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { FoundEndpoint } from '../../api/shapes.ts'
import { Muted, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { useSession } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { HealthBadge } from '../endpoints/health.tsx'

/** The endpoints that get messages of a type. */
export function Subscribers({ name }: { name: string }) {
  const t = useTranslations('eventTypes')
  const endpoints = useTranslations('endpoints')
  const { kind } = useSession()
  const app = useScope()
  const columns: Column<FoundEndpoint>[] = [
    {
      id: 'state',
      head: endpoints('health'),
      is: 'nowrap',
      cell: ({ state }) => <HealthBadge state={state} />,
    },
    {
      id: 'address',
      head: endpoints('address'),
      is: 'fill',
      cell: ({ id, appId, url }) => (
        <Link
          className={rowLink}
          to="/endpoints/$appId/$endpointId"
          params={{ appId, endpointId: id }}
        >
          {url}
        </Link>
      ),
    },
    ...(kind === 'account' && app === undefined
      ? [
          {
            id: 'app',
            head: endpoints('app'),
            is: 'name' as const,
            cell: ({ appName }: FoundEndpoint) => appName,
          },
        ]
      : []),
    {
      id: 'by',
      head: endpoints('types'),
      is: 'name',
      minor: true,
      cell: ({ eventTypes }) => eventTypes?.join(', ') ?? <Muted>{endpoints('allTypes')}</Muted>,
    },
  ]
  return (
    <Panel flush title={t('subscribers')}>
      <PagedList
        linked
        label={t('subscribers')}
        queryKey={['endpoints', 'of-type', name, app]}
        page={async (iterator) => {
          const query = {
            ...pageOf(iterator, 20),
            event_type: name,
            ...(app !== undefined && { app_id: app }),
          }
          return await ask(api.GET('/api/v1/search/endpoint', { params: { query } }))
        }}
        columns={columns}
        rowKey={({ id }) => id}
        empty={<Empty title={t('subscribersNone')} />}
      />
    </Panel>
  )
}
