import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { FailedDelivery } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { FilterSelect } from '../../parts/field.tsx'
import { Foot } from '../../parts/foot.tsx'
import { Muted, Panel } from '../../parts/layout.tsx'
import { Empty, Awaiting } from '../../parts/states.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago } from '../../parts/time.tsx'
import { useMay } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { Actions } from './actions.tsx'
import type { Bulk } from './bulk-dialog.tsx'
import { WentWrong } from './went-wrong.tsx'

const route = getRouteApi('/in/failed')

/** By the delivery's id, what names it to Pombo. */
type Chosen = ReadonlyMap<string, Bulk['chosen'][number]>

/** What waits after a failure or was given up at an endpoint, one by one, to choose from. */
export function FailedDeliveries({ endpoint, held }: { endpoint: string; held: boolean }) {
  const t = useTranslations('failed')
  const common = useTranslations('common')
  const scope = useScope()
  const may = useMay()
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  const [chosen, setChosen] = useState<Chosen>(new Map())
  const { cause, state } = filters
  const found = useInfiniteQuery({
    queryKey: ['failed-deliveries', scope, endpoint, cause, state],
    initialPageParam: undefined as string | undefined,
    refetchInterval: 10_000,
    queryFn: async ({ pageParam }) => {
      const query = {
        limit: 50,
        ...(pageParam !== undefined && { iterator: pageParam }),
        ...(scope !== undefined && { app_id: scope }),
        endpoint_id: endpoint,
        ...(cause !== undefined && { cause }),
        ...(state !== undefined && { state: [state] }),
      }
      return await ask(api.GET('/api/v1/failure/delivery', { params: { query } }))
    },
    getNextPageParam: (last) => (last.done ? undefined : (last.iterator ?? undefined)),
  })
  const rows = found.data?.pages.flatMap(({ data }) => data) ?? []
  return (
    <Panel
      flush
      title={t('deliveries')}
      actions={
        <>
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
              { value: 'waiting' as const, label: t('stateWaiting') },
              { value: 'exhausted' as const, label: t('stateExhausted') },
            ]}
          />
          {may('operate') && (
            <Actions
              chosen={[...chosen.values()]}
              filter={{
                appId: scope ?? null,
                endpointId: endpoint,
                cause: cause ?? null,
                ...(state !== undefined && {
                  states: [state === 'waiting' ? 'retrying' : 'exhausted'],
                }),
              }}
              any={rows.length > 0}
              onNone={() => setChosen(new Map())}
            />
          )}
        </>
      }
    >
      {found.data === undefined ? (
        <Awaiting of={found} />
      ) : rows.length === 0 ? (
        <Empty title={t('noDeliveries')}>{t('noDeliveriesHow')}</Empty>
      ) : (
        <Rows rows={rows} held={held} chosen={chosen} onChoose={setChosen} />
      )}
      {found.hasNextPage && (
        <Foot>
          <Button busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {common('more')}
          </Button>
        </Foot>
      )}
    </Panel>
  )
}

function Rows({
  rows,
  held,
  chosen,
  onChoose,
}: {
  rows: FailedDelivery[]
  /** Its circuit is open: what is due waits for it. */
  held: boolean
  chosen: Chosen
  onChoose: (chosen: Chosen) => void
}) {
  const t = useTranslations('failed')
  const format = useFormatter()
  const toggle = ({ deliveryId, messageId, endpointId }: FailedDelivery, on: boolean): void => {
    const next = new Map(chosen)
    if (on) next.set(deliveryId, { messageId, endpointId })
    else next.delete(deliveryId)
    onChoose(next)
  }
  const columns: Column<FailedDelivery>[] = [
    {
      id: 'choose',
      head: '',
      cell: (one) => (
        <input
          type="checkbox"
          aria-label={t('choose', { id: one.messageId })}
          checked={chosen.has(one.deliveryId)}
          onChange={(event) => toggle(one, event.target.checked)}
        />
      ),
    },
    {
      id: 'state',
      head: t('state'),
      is: 'nowrap',
      cell: ({ state }) =>
        state === 'exhausted' ? (
          <Badge tone="bad">{t('stateExhausted')}</Badge>
        ) : (
          <Badge tone="info">{t('stateWaiting')}</Badge>
        ),
    },
    {
      id: 'type',
      head: t('type'),
      is: 'name',
      cell: ({ appId, messageId, eventType }) => (
        <Link to="/messages/$appId/$messageId" params={{ appId, messageId }}>
          {eventType}
        </Link>
      ),
    },
    {
      id: 'error',
      head: t('error'),
      is: 'fill',
      cell: ({ cause, error, errorCoded }) => <WentWrong {...{ cause, error, errorCoded }} />,
    },
    {
      id: 'attempts',
      head: t('attempts'),
      is: 'number',
      minor: true,
      cell: ({ attempts }) => format.number(attempts),
    },
    {
      id: 'next',
      head: t('next'),
      is: 'number',
      minor: true,
      cell: ({ nextAttemptAt }) =>
        nextAttemptAt === null ? (
          <Muted>–</Muted>
        ) : Date.parse(nextAttemptAt) > Date.now() ? (
          <Ago at={nextAttemptAt} />
        ) : (
          <Muted>{held ? t('nextHeld') : t('nextDue')}</Muted>
        ),
    },
    { id: 'at', head: t('last'), ago: ({ createdAt }) => createdAt },
  ]
  return (
    <Table
      label={t('deliveries')}
      columns={columns}
      rows={rows}
      rowKey={({ deliveryId }) => deliveryId}
    />
  )
}
