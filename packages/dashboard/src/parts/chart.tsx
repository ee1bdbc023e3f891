import { lazy, Suspense } from 'react'
import styles from './chart.module.css'

const Plot = lazy(async () => ({ default: (await import('./plot.tsx')).Plot }))

export interface Series {
  label: string
  /** A custom property of the tokens: `--chart-1`. */
  colour: string
  values: readonly (number | null)[]
  fill?: boolean
}

export interface ChartProps {
  label: string
  /** Seconds since 1970. */
  times: readonly number[]
  series: readonly Series[]
  format: (value: number) => string
  height?: number
  /** Without axes: a line in a row. */
  spark?: boolean
}

/** A time series. The library comes with the first chart; the room is kept so that nothing jumps. */
export function Chart(given: ChartProps) {
  const { height = 160, spark = false, label, series, times } = given
  const size = spark ? styles.spark : height > 170 ? styles.tall : styles.normal
  return (
    <figure className={spark ? styles.inline : styles.figure}>
      {/* A canvas says nothing to who does not see it: its latest figures do. */}
      <div role="img" aria-label={describe(given)} className={size}>
        {times.length > 0 && (
          <Suspense fallback={null}>
            <Plot {...given} height={height} />
          </Suspense>
        )}
      </div>
      {!spark && series.length > 1 && (
        <figcaption className={styles.legend}>
          {series.map(({ label: name, colour }) => (
            <span key={name}>
              <svg width="10" height="10" aria-hidden>
                <rect width="10" height="10" rx="2" fill={`var(${colour})`} />
              </svg>
              {name}
            </span>
          ))}
        </figcaption>
      )}
      {!spark && series.length === 1 && <figcaption className={styles.hidden}>{label}</figcaption>}
    </figure>
  )
}

function describe({ label, series, format }: ChartProps): string {
  const latest = series.map(({ label: name, values }) => {
    const value = values.findLast((one) => one !== null)
    return `${name} ${value === undefined || value === null ? '–' : format(value)}`
  })
  return `${label}: ${latest.join(', ')}`
}
