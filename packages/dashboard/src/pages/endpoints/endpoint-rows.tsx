import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useFormatter, useTranslations } from 'use-intl'
import { endpointSeriesQuery } from '../../api/series.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Chart } from '../../parts/chart.tsx'
import { Muted } from '../../parts/layout.tsx'
import { type Column, rowLink, Table } from '../../parts/table.tsx'
import { useDuration } from '../../parts/time.tsx'
import { HealthBadge } from './health.tsx'

/** Each endpoint with its health at a glance: state, the last hour as a line, how much got through and how fast. */
export function EndpointRows({ app, rows }: { app: string; rows: Endpoint[] }) {
  const t = useTranslations('endpoints')
  const format = useFormatter()
  const duration = useDuration()
  const lines = useQuery(endpointSeriesQuery(app))
  const columns: Column<Endpoint>[] = [
    {
      id: 'health',
      head: t('health'),
      is: 'nowrap',
      cell: (one) => <HealthBadge endpoint={one} />,
    },
    {
      id: 'url',
      head: t('address'),
      is: 'fill',
      cell: ({ id, url, description }) => (
        <Link
          className={rowLink}
          to="/endpoints/$appId/$endpointId"
          params={{ appId: app, endpointId: id }}
        >
          {url} {description !== '' && <Muted>{description}</Muted>}
        </Link>
      ),
    },
    {
      id: 'types',
      head: t('types'),
      is: 'nowrap',
      minor: true,
      cell: ({ eventTypes }) => {
        if (eventTypes === null) return <Muted>{t('allTypes')}</Muted>
        return eventTypes.length === 1 ? eventTypes[0] : format.number(eventTypes.length)
      },
    },
    {
      id: 'line',
      head: t('lastHour'),
      minor: true,
      cell: ({ id }) => {
        const points = lines.data?.get(id)?.points
        return (
          points && (
            <Chart
              spark
              label={t('lastHour')}
              times={points.map(({ at }) => Date.parse(at) / 1_000)}
              format={(value) => format.number(value)}
              series={[
                {
                  label: t('success'),
                  colour: '--chart-2',
                  fill: true,
                  values: points.map(({ deliveries }) => deliveries),
                },
                {
                  label: t('badge.failing'),
                  colour: '--chart-4',
                  values: points.map(({ failedAttempts }) => failedAttempts),
                },
              ]}
            />
          )
        )
      },
    },
    {
      id: 'success',
      head: t('success'),
      is: 'number',
      cell: ({ id }) => {
        const total = lines.data?.get(id)?.total
        if (total === undefined || total.attempts === 0) return <Muted>–</Muted>
        const share = (total.attempts - total.failedAttempts) / total.attempts
        return format.number(share, { style: 'percent', maximumFractionDigits: 1 })
      },
    },
    {
      id: 'latency',
      head: t('latency'),
      is: 'number',
      minor: true,
      cell: ({ id }) => {
        const p95 = lines.data?.get(id)?.total.attemptMs?.p95
        return p95 === undefined || p95 === null ? <Muted>–</Muted> : duration(p95)
      },
    },
  ]
  return <Table linked label={t('title')} columns={columns} rows={rows} rowKey={({ id }) => id} />
}
