import { useQuery } from '@tanstack/react-query'
import { useFormatter, useTranslations } from 'use-intl'
import { asProblem } from '../../api/problem.ts'
import { type SeriesSpan, seriesQuery } from '../../api/series.ts'
import { SeriesChart } from '../../parts/series-chart.tsx'
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
  const number = (value: number): string =>
    format.number(value, { notation: 'compact', maximumFractionDigits: 1 })
  if (series.error !== null && series.data === undefined)
    return <Failure problem={asProblem(series.error)} retry={() => void series.refetch()} />
  return (
    <div className={styles.charts}>
      <SeriesChart
        title={t('chartEvents')}
        points={points}
        format={number}
        lines={[
          { label: t('messages'), colour: '--chart-1', fill: true, of: ({ messages }) => messages },
          { label: t('delivered'), colour: '--chart-2', of: ({ deliveries }) => deliveries },
        ]}
      />
      <SeriesChart
        title={t('chartFailed')}
        points={points}
        format={number}
        lines={[
          {
            label: t('failedAttempts'),
            colour: '--chart-3',
            fill: true,
            of: ({ failedAttempts }) => failedAttempts,
          },
          { label: t('gaveUp'), colour: '--chart-4', of: ({ failures }) => failures },
        ]}
      />
      <SeriesChart
        title={t('chartTime')}
        points={points}
        format={duration}
        lines={(['p50', 'p95', 'p99'] as const).map((name, index) => ({
          label: name,
          colour: `--chart-${index + 1}`,
          of: ({ deliveryMs }) => deliveryMs?.[name] ?? null,
        }))}
      />
    </div>
  )
}
