import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { CircleCheckBig } from 'lucide-react'
import { useFormatter, useTranslations } from 'use-intl'
import { useAppName } from '../../api/apps.ts'
import type { FailureGroup } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { FilterSelect } from '../../parts/field.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { Muted, Page, Panel } from '../../parts/layout.tsx'
import { Sentence } from '../../parts/sentence.tsx'
import { Empty, Awaiting } from '../../parts/states.tsx'
import { type Column, rowLink, Table } from '../../parts/table.tsx'
import { useMay, useSession } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { type Span, spans } from '../messages/search.ts'
import { Actions } from './actions.tsx'
import { beyondCause, useCauseWords } from './cause-words.ts'
import { FailedDeliveries } from './failed-deliveries.tsx'
import { CauseHead, EndpointHead } from './group-head.tsx'
import { failuresQuery } from './queries.ts'
import { RecentTasks } from '../tasks/recent-tasks.tsx'

const route = getRouteApi('/in/failed')

const spanWords = {
  '1h': 'lastHour',
  '24h': 'lastDay',
  '7d': 'lastWeek',
  '30d': 'lastMonth',
} as const

export function FailedPage() {
  const t = useTranslations('failed')
  const { endpoint } = route.useSearch()
  return (
    <Page title={t('title')}>
      {endpoint === undefined ? <AllGroups /> : <OneEndpoint endpoint={endpoint} />}
      <RecentTasks />
    </Page>
  )
}

function AllGroups() {
  const t = useTranslations('failed')
  const messages = useTranslations('messages')
  const scope = useScope()
  const may = useMay()
  const filters = route.useSearch()
  const { span = '24h', group = 'endpoint', cause } = filters
  const navigate = route.useNavigate()
  const groups = useQuery(failuresQuery({ scope, span, group, cause }))
  return (
    <>
      <FilterBar>
        <FilterSelect
          label={t('span')}
          value={span}
          onPick={(picked: Span) =>
            void navigate({ search: (before) => ({ ...before, span: picked }) })
          }
          options={spans.map((value) => ({ value, label: messages(spanWords[value]) }))}
        />
        <FilterSelect
          label={t('grouping')}
          value={group}
          onPick={(picked) =>
            void navigate({
              search: ({ app, span: kept }) => ({ app, span: kept, group: picked }),
            })
          }
          options={[
            { value: 'endpoint', label: t('byEndpoint') },
            { value: 'cause', label: t('byCause') },
          ]}
        />
      </FilterBar>
      <Panel
        flush
        {...(cause !== undefined && {
          title: <CauseHead cause={groups.data?.[0]?.cause} />,
          actions: may('operate') && (
            <Actions
              chosen={[]}
              filter={{ appId: scope ?? null, endpointId: null, cause }}
              any={(groups.data?.length ?? 0) > 0}
              onNone={() => undefined}
            />
          ),
        })}
      >
        {groups.data === undefined ? (
          <Awaiting of={groups} />
        ) : groups.data.length === 0 ? (
          <Empty icon={CircleCheckBig} title={t('empty')}>
            {t('emptyHow')}
          </Empty>
        ) : (
          <Groups groups={groups.data} byCause={group === 'cause'} />
        )}
      </Panel>
    </>
  )
}

function OneEndpoint({ endpoint }: { endpoint: string }) {
  const scope = useScope()
  const { cause } = route.useSearch()
  // As far back as is kept, for what waits may have failed long ago.
  const groups = useQuery(failuresQuery({ scope, span: '30d', group: 'endpoint', endpoint })).data
  const group = groups?.find((one) => one.cause.code === cause) ?? groups?.[0]
  return (
    <>
      <EndpointHead group={group} cause={cause === undefined ? undefined : group?.cause} />
      <FailedDeliveries endpoint={endpoint} held={group?.circuit === 'open'} />
    </>
  )
}

function Groups({ groups, byCause }: { groups: FailureGroup[]; byCause: boolean }) {
  const t = useTranslations('failed')
  const format = useFormatter()
  const words = useCauseWords()
  const appName = useAppName()
  const scope = useScope()
  const { kind } = useSession()
  const columns: Column<FailureGroup>[] = [
    {
      id: 'cause',
      head: t('cause'),
      is: 'nowrap',
      cell: ({ cause, endpointId }) => (
        <Link
          from="/failed"
          to="/failed"
          className={rowLink}
          search={(before) => ({
            ...before,
            cause: cause.code,
            group: 'endpoint' as const,
            endpoint: endpointId ?? undefined,
          })}
        >
          <Badge tone="bad">{words(cause)}</Badge>
        </Link>
      ),
    },
    byCause
      ? {
          id: 'who',
          head: t('who'),
          is: 'fill',
          cell: ({ apps, endpoints }) => t('whoCount', { apps, endpoints }),
        }
      : {
          id: 'endpoint',
          head: t('endpoint'),
          is: 'fill',
          cell: ({ endpointUrl, cause, sample }) => {
            const more = beyondCause(cause, sample?.error ?? null)
            return (
              <>
                {endpointUrl}{' '}
                <Muted>
                  {more !== null && <Sentence text={more} coded={sample?.errorCoded} />}
                </Muted>
              </>
            )
          },
        },
    ...(kind === 'account' && scope === undefined && !byCause
      ? [
          {
            id: 'app',
            head: t('app'),
            is: 'name' as const,
            minor: true,
            cell: ({ appId }: FailureGroup) => appId !== null && appName(appId),
          },
        ]
      : []),
    { id: 'count', head: t('failures'), is: 'number', cell: ({ count }) => format.number(count) },
    {
      id: 'givenUp',
      head: t('givenUp'),
      is: 'number',
      minor: true,
      cell: ({ givenUp }) => format.number(givenUp),
    },
    { id: 'first', head: t('first'), minor: true, ago: ({ firstAt }) => firstAt },
    { id: 'last', head: t('last'), ago: ({ lastAt }) => lastAt },
  ]
  return (
    <Table
      linked
      label={t('title')}
      columns={columns}
      rows={groups}
      rowKey={({ cause, endpointId }) => `${cause.code} ${endpointId}`}
    />
  )
}
