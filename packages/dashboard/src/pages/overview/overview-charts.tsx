import { useQuery } from '@tanstack/react-query'
import { useFormatter, useTranslations } from 'use-intl'
import { asProblem } from '../../api/problem.ts'
import { type SeriesSpan, seriesQuery } from '../../api/series.ts'
import { Chart } from '../../parts/chart.tsx'
import { Panel } from '../../parts/layout.tsx'
import { Failure } from '../../parts/states.tsx'
import { useDuration } from '../../parts/time.tsx'
import { useScope } from '../../shell/scope.ts'
import styles from './overview.module.css'

export function OverviewCharts({ span }: { span: SeriesSpan }) {
  const t = useTranslations('overview')
  const format = useFormatter()
  const duration = useDuration()
  const scope = useScope()
  const series = useQuery(seriesQuery(span, { app: scope }))
  const points = series.data ?? []
  const times = points.map(({ at }) => Date.parse(at) / 1_000)
  const number = (value: number): string =>
    format.number(value, { notation: 'compact', maximumFractionDigits: 1 })
  if (series.error !== null && series.data === undefined)
    return <Failure problem={asProblem(series.error)} retry={() => void series.refetch()} />
  return (
    <div className={styles.charts}>
      <Panel title={t('chartEvents')}>
        <Chart
          label={t('chartEvents')}
          times={times}
          format={number}
          series={[
            {
              label: t('messages'),
              colour: '--chart-1',
              fill: true,
              values: points.map(({ messages }) => messages),
            },
            {
              label: t('delivered'),
              colour: '--chart-2',
              values: points.map(({ deliveries }) => deliveries),
            },
          ]}
        />
      </Panel>
      <Panel title={t('chartFailed')}>
        <Chart
          label={t('chartFailed')}
          times={times}
          format={number}
          series={[
            {
              label: t('failedAttempts'),
              colour: '--chart-3',
              fill: true,
              values: points.map(({ failedAttempts }) => failedAttempts),
            },
            {
              label: t('gaveUp'),
              colour: '--chart-4',
              values: points.map(({ failures }) => failures),
            },
          ]}
        />
      </Panel>
      <Panel title={t('chartTime')}>
        <Chart
          label={t('chartTime')}
          times={times}
          format={duration}
          series={(['p50', 'p95', 'p99'] as const).map((name, index) => ({
            label: name,
            colour: `--chart-${index + 1}`,
            values: points.map(({ deliveryMs }) => deliveryMs?.[name] ?? null),
          }))}
        />
      </Panel>
    </div>
  )
}
