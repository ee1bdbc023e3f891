import type { SeriesPoint } from '../api/shapes.ts'
import { Chart } from './chart.tsx'
import { Panel } from './layout.tsx'

interface Line {
  label: string
  /** A custom property of the tokens: `--chart-1`. */
  colour: string
  fill?: boolean
  of: (point: SeriesPoint) => number | null
}

/** Figures of what went through, over time. */
export function SeriesChart({
  title,
  points,
  format,
  lines,
}: {
  title: string
  points: readonly SeriesPoint[]
  format: (value: number) => string
  lines: readonly Line[]
}) {
  const times = points.map(({ at }) => Date.parse(at) / 1_000)
  const series = lines.map(({ of, ...line }) => ({ ...line, values: points.map(of) }))
  return (
    <Panel title={title}>
      <Chart label={title} {...{ times, format, series }} />
    </Panel>
  )
}
