import { Link } from '@tanstack/react-router'
import { useFormatter, useTranslations } from 'use-intl'
import type { FoundEndpoint } from '../../api/shapes.ts'
import { Chart } from '../../parts/chart.tsx'
import { Muted } from '../../parts/layout.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { useDuration } from '../../parts/time.tsx'
import { HealthBadge } from './health.tsx'

/** So many waiting deliveries are counted of an endpoint. */
const COUNTED = 1_000

/** An endpoint with its health at a glance: state, the last hour as a line, what got through, how fast, what waits. */
export function useEndpointColumns(withApp: boolean): Column<FoundEndpoint>[] {
  const t = useTranslations('endpoints')
  const format = useFormatter()
  const duration = useDuration()
  const app: Column<FoundEndpoint> = {
    id: 'app',
    head: t('app'),
    is: 'name',
    minor: true,
    cell: ({ appName }) => appName,
  }
  return [
    {
      id: 'health',
      head: t('health'),
      is: 'nowrap',
      cell: ({ state }) => <HealthBadge state={state} />,
    },
    {
      id: 'url',
      head: t('address'),
      is: 'fill',
      cell: ({ id, appId, url, description }) => (
        <Link
          className={rowLink}
          title={url}
          to="/endpoints/$appId/$endpointId"
          params={{ appId, endpointId: id }}
        >
          {url} {description !== '' && <Muted>{description}</Muted>}
        </Link>
      ),
    },
    ...(withApp ? [app] : []),
    {
      id: 'types',
      head: t('types'),
      is: 'name',
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
      cell: ({ lastHour }) => <Line points={lastHour.points} />,
    },
    {
      id: 'success',
      head: t('success'),
      is: 'number',
      minor: true,
      cell: ({ lastHour: { attempts, failedAttempts } }) => {
        if (attempts === 0) return <Muted>–</Muted>
        const share = (attempts - failedAttempts) / attempts
        return format.number(share, { style: 'percent', maximumFractionDigits: 1 })
      },
    },
    {
      id: 'latency',
      head: t('latency'),
      is: 'number',
      minor: true,
      cell: ({ lastHour: { attemptMs } }) =>
        attemptMs === null ? <Muted>–</Muted> : duration(attemptMs.p95),
    },
    {
      id: 'waiting',
      head: t('waiting'),
      is: 'number',
      minor: true,
      cell: ({ waiting }) => {
        if (waiting === 0) return <Muted>–</Muted>
        return `${format.number(waiting)}${waiting === COUNTED ? '+' : ''}`
      },
    },
  ]
}

function Line({ points }: { points: FoundEndpoint['lastHour']['points'] }) {
  const t = useTranslations('endpoints')
  const format = useFormatter()
  return (
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
        ...(points.some(({ failedAttempts }) => failedAttempts > 0)
          ? [
              {
                label: t('badge.failing'),
                colour: '--chart-4',
                values: points.map(({ failedAttempts }) => failedAttempts),
              },
            ]
          : []),
      ]}
    />
  )
}
