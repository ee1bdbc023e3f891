import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useFormatter, useNow, useTranslations } from 'use-intl'
import { seriesQuery } from '../../api/series.ts'
import type { Attempt, Endpoint } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { SeriesChart } from '../../parts/series-chart.tsx'
import { Id } from '../../parts/code.tsx'
import { Facts, Mono, Muted, Panel, Split, Stack } from '../../parts/layout.tsx'
import { Empty, Notice, Awaiting } from '../../parts/states.tsx'
import { type Column, rowLink, Table } from '../../parts/table.tsx'
import { Ago, Instant, useDuration } from '../../parts/time.tsx'
import { WentWrong } from '../failed/went-wrong.tsx'
import { useOutcomeWords } from '../messages/states.tsx'
import { endpointAttemptsQuery, endpointStatsQuery } from './queries.ts'

export function EndpointOverview({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  return (
    <Stack>
      <Trouble endpoint={endpoint} />
      <Split
        main={
          <>
            <Charts appId={appId} endpoint={endpoint} />
            <Attempts appId={appId} endpoint={endpoint} />
          </>
        }
        side={<About appId={appId} endpoint={endpoint} />}
      />
    </Stack>
  )
}

/** What is the matter with it, in a sentence. */
function Trouble({ endpoint }: { endpoint: Endpoint }) {
  const t = useTranslations('endpoints.detail')
  const now = useNow({ updateInterval: 15_000 })
  const { disabled, disabledReason, disabledCause, paused, health } = endpoint
  const since = (): ReactNode => <Ago at={health?.failingSince} />
  if (disabled)
    return (
      <Notice tone="warn">
        {disabledReason === null
          ? t('disabledPlain')
          : t('disabledBecause', {
              reason:
                disabledCause === null || disabledCause === 'other'
                  ? disabledReason
                  : t(`disabledCauses.${disabledCause}`),
            })}
      </Notice>
    )
  if (paused) return <Notice tone="info">{t('pausedNote')}</Notice>
  if (health === undefined || health.consecutiveFailures === 0) return null
  const count = health.consecutiveFailures
  const reason = health.reason !== null && (
    <>
      {' '}
      {t.rich('lastCause', {
        cause: () => (
          <WentWrong
            key="cause"
            cause={health.cause}
            error={health.reason}
            errorCoded={health.reasonCoded}
          />
        ),
      })}
    </>
  )
  if (health.circuit === 'closed')
    return (
      <Notice tone="warn">
        {t.rich('failingSince', { count, since })}
        {reason}
      </Notice>
    )
  // The pause ends by itself, the retries’ own waits go on: until one is over nothing goes out, at a time unknown here.
  const probeAt = health.nextProbeAt
  const isDue = probeAt === null || new Date(probeAt) <= now
  return (
    <Notice tone="bad">
      {isDue
        ? t.rich('openDue', { count, since })
        : t.rich('openSince', { count, since, next: () => <Ago at={probeAt} /> })}
      {reason}
    </Notice>
  )
}

function Charts({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  const t = useTranslations('endpoints.detail')
  const format = useFormatter()
  const duration = useDuration()
  const points = useQuery(seriesQuery('24h', { app: appId, endpoint: endpoint.id })).data ?? []
  return (
    <>
      <SeriesChart
        title={t('chart')}
        points={points}
        format={(value) => format.number(value)}
        lines={[
          {
            label: t('countDelivered'),
            colour: '--chart-2',
            fill: true,
            of: ({ deliveries }) => deliveries,
          },
          { label: t('countFailed'), colour: '--chart-4', of: ({ failures }) => failures },
        ]}
      />
      <SeriesChart
        title={t('latency')}
        points={points}
        format={duration}
        lines={[
          { label: 'p50', colour: '--chart-1', of: ({ attemptMs }) => attemptMs?.p50 ?? null },
          { label: 'p95', colour: '--chart-3', of: ({ attemptMs }) => attemptMs?.p95 ?? null },
        ]}
      />
    </>
  )
}

function Attempts({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  const t = useTranslations('endpoints.detail')
  const messages = useTranslations('messages')
  const words = useOutcomeWords()
  const duration = useDuration()
  const format = useFormatter()
  const attempts = useQuery(endpointAttemptsQuery(appId, endpoint.id))
  const columns: Column<Attempt>[] = [
    {
      id: 'outcome',
      head: messages('detail.answer'),
      is: 'nowrap',
      // Of the attempt alone: what became of the delivery, the message says.
      cell: (one) => (
        <Badge tone={one.outcome === 'delivered' ? 'good' : 'bad'}>{words(one)}</Badge>
      ),
    },
    {
      id: 'type',
      head: messages('type'),
      is: 'name',
      cell: ({ msgId, eventType }) => (
        <Link
          className={rowLink}
          to="/messages/$appId/$messageId"
          params={{ appId, messageId: msgId }}
        >
          {eventType}
        </Link>
      ),
    },
    {
      id: 'error',
      head: messages('detail.error'),
      is: 'fill',
      cell: ({ cause, error, errorCoded }) =>
        cause !== null &&
        cause.outcome !== 'refused' && (
          <Muted>
            <WentWrong {...{ cause, error, errorCoded }} />
          </Muted>
        ),
    },
    {
      id: 'attempt',
      head: t('attemptNumber'),
      is: 'number',
      minor: true,
      cell: ({ attempt }) => format.number(attempt),
    },
    {
      id: 'took',
      head: t('latency'),
      is: 'number',
      minor: true,
      cell: ({ responseDurationMs }) => duration(responseDurationMs),
    },
    { id: 'at', head: t('attemptAt'), ago: ({ timestamp }) => timestamp },
  ]
  return (
    <Panel title={t('attempts')} flush>
      {attempts.data === undefined ? (
        <Awaiting of={attempts} />
      ) : attempts.data.length === 0 ? (
        <Empty title={t('noAttempts')} />
      ) : (
        <Table
          linked
          label={t('attempts')}
          columns={columns}
          rows={attempts.data}
          rowKey={({ id }) => id}
        />
      )}
    </Panel>
  )
}

function About({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  const t = useTranslations('endpoints.detail')
  const form = useTranslations('endpointForm')
  const format = useFormatter()
  const { data } = useQuery(endpointStatsQuery(appId, endpoint.id))
  const count = (value: number | undefined): string =>
    value === undefined ? '…' : format.number(value)
  return (
    <>
      <Panel title={t('counts')}>
        <Facts
          rows={[
            [t('countDelivered'), count(data?.success)],
            [t('countWaiting'), count(data?.pending)],
            [t('countSending'), count(data?.sending)],
            [t('countFailed'), count(data?.fail)],
            [t('countCanceled'), count(data?.canceled)],
          ]}
        />
      </Panel>
      <Panel title={t('settings')}>
        <Facts
          rows={[
            [t('id'), <Id key="id" id={endpoint.id} />],
            ...(endpoint.uid === null
              ? []
              : [[t('uid'), <Id key="uid" id={endpoint.uid} />] as const]),
            [form('what'), endpoint.eventTypes?.join(', ') ?? form('allTypes')],
            ...(endpoint.filter === null
              ? []
              : [[form('filter'), <Mono key="filter">{endpoint.filter}</Mono>] as const]),
            [t('dialect'), endpoint.dialect],
            [t('created'), <Instant key="created" at={endpoint.createdAt} />],
            [t('changed'), <Instant key="changed" at={endpoint.updatedAt} />],
          ]}
        />
      </Panel>
    </>
  )
}
