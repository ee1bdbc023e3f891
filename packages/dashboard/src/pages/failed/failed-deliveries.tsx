import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ArrowLeft, Ban, History, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import type { FailedDelivery } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { FilterSelect } from '../../parts/field.tsx'
import { Foot } from '../../parts/foot.tsx'
import { backClass, Muted, Panel, Row } from '../../parts/layout.tsx'
import { Bones, Empty, Failure } from '../../parts/states.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Ago } from '../../parts/time.tsx'
import { useMay } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { type Bulk, BulkDialog } from './bulk-dialog.tsx'
import { useCauseWords } from './cause-words.ts'

const route = getRouteApi('/in/failed')

/** By the delivery's id, what names it to Pombo. */
type Chosen = ReadonlyMap<string, Bulk['chosen'][number]>

/** What waits after a failure or was given up, one by one; what is done is done to the chosen ones or to all. */
export function FailedDeliveries() {
  const t = useTranslations('failed')
  const common = useTranslations('common')
  const scope = useScope()
  const may = useMay()
  const filters = route.useSearch()
  const navigate = route.useNavigate()
  const [chosen, setChosen] = useState<Chosen>(new Map())
  const [bulk, setBulk] = useState<Bulk>()
  const { endpoint, cause, state } = filters
  const found = useInfiniteQuery({
    queryKey: ['failed-deliveries', scope, endpoint, cause, state],
    initialPageParam: undefined as string | undefined,
    refetchInterval: 10_000,
    queryFn: async ({ pageParam }) => {
      const query = {
        limit: 50,
        ...(pageParam !== undefined && { iterator: pageParam }),
        ...(scope !== undefined && { app_id: scope }),
        endpoint_id: endpoint ?? '',
        ...(cause !== undefined && { cause }),
        ...(state !== undefined && { state: [state] }),
      }
      return await ask(api.GET('/api/v1/failure/delivery', { params: { query } }))
    },
    getNextPageParam: (last) => (last.done ? undefined : (last.iterator ?? undefined)),
  })
  const rows = found.data?.pages.flatMap(({ data }) => data) ?? []
  const inGroup = endpoint !== undefined || cause !== undefined
  const act = (action: Bulk['action']): void =>
    setBulk({
      action,
      chosen: action === 'replay' ? [] : [...chosen.values()],
      filter: {
        appId: scope ?? null,
        endpointId: endpoint ?? null,
        cause: cause ?? null,
        states: state === undefined ? ['waiting', 'exhausted'] : [state],
      },
    })
  return (
    <Panel
      flush
      title={
        inGroup ? (
          <Row>
            <Link
              from="/failed"
              to="/failed"
              className={backClass}
              search={({ app, span, group }) => ({ app, span, group })}
            >
              <ArrowLeft size={13} aria-hidden /> {t('allGroups')}
            </Link>
            {t('ofGroup')}
          </Row>
        ) : (
          t('deliveries')
        )
      }
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
              count={chosen.size}
              any={rows.length > 0}
              onAct={act}
              onNone={() => setChosen(new Map())}
            />
          )}
        </>
      }
    >
      {found.data === undefined ? (
        found.error === null ? (
          <Bones />
        ) : (
          <Failure problem={asProblem(found.error)} retry={() => void found.refetch()} />
        )
      ) : rows.length === 0 ? (
        <Empty title={t('noDeliveries')}>{t('noDeliveriesHow')}</Empty>
      ) : (
        <Rows rows={rows} chosen={chosen} onChoose={setChosen} />
      )}
      {found.hasNextPage && (
        <Foot>
          <Button busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {common('more')}
          </Button>
        </Foot>
      )}
      {bulk !== undefined && <BulkDialog bulk={bulk} onClose={() => setBulk(undefined)} />}
    </Panel>
  )
}

function Actions({
  count,
  any,
  onAct,
  onNone,
}: {
  count: number
  any: boolean
  onAct: (action: Bulk['action']) => void
  onNone: () => void
}) {
  const t = useTranslations('failed')
  return (
    <>
      {count > 0 && (
        <Button kind="quiet" onClick={onNone}>
          {t('chosen', { count })} · {t('unchoose')}
        </Button>
      )}
      <Button
        kind="primary"
        icon={<RotateCw size={14} aria-hidden />}
        disabled={!any}
        onClick={() => onAct('retry')}
      >
        {count > 0 ? t('retry') : t('retryAll')}
      </Button>
      <Button icon={<History size={14} aria-hidden />} onClick={() => onAct('replay')}>
        {t('replay')}
      </Button>
      <Button icon={<Ban size={14} aria-hidden />} disabled={!any} onClick={() => onAct('discard')}>
        {count > 0 ? t('discard') : t('discardAll')}
      </Button>
    </>
  )
}

function Rows({
  rows,
  chosen,
  onChoose,
}: {
  rows: FailedDelivery[]
  chosen: Chosen
  onChoose: (chosen: Chosen) => void
}) {
  const t = useTranslations('failed')
  const format = useFormatter()
  const words = useCauseWords()
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
      is: 'nowrap',
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
      cell: ({ cause, error }) => (
        <>
          {cause !== null && words(cause)} {error !== null && <Muted>{error}</Muted>}
        </>
      ),
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
        nextAttemptAt === null ? <Muted>–</Muted> : <Ago at={nextAttemptAt} />,
    },
    { id: 'at', head: t('last'), is: 'number', cell: ({ createdAt }) => <Ago at={createdAt} /> },
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
