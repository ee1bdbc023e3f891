import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics'
import type { Figure, FigureValue } from '../figure.ts'
import { timeOf } from './attributes.ts'

/**
 * The figures of /metrics as OTLP, under the same names, so that rules and dashboards hold for both ways. Histograms
 * and counters are cumulative since the process began.
 */
export function producerOf(
  figures: () => Promise<readonly Figure[]>,
  resource: Resource,
): MetricProducer {
  const startTime = timeOf(performance.timeOrigin)
  return {
    async collect() {
      const endTime = timeOf(Date.now())
      const metrics = (await figures()).flatMap((figure) =>
        metricOf(figure, { startTime, endTime }),
      )
      return {
        resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'pombo' }, metrics }] },
        errors: [],
      }
    },
  }
}

interface Times {
  startTime: HrTime
  endTime: HrTime
}

function metricOf(figure: Figure, times: Times): MetricData[] {
  const common = {
    descriptor: {
      name: figure.name,
      description: figure.help,
      unit: unitOf(figure.name),
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  const points = figure.values.map(({ labels, value }) => ({
    ...times,
    attributes: labels as Attributes,
    value,
  }))
  switch (figure.type) {
    case 'counter':
      return [
        { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points },
      ]
    case 'gauge':
      return [{ ...common, dataPointType: DataPointType.GAUGE, dataPoints: points }]
    case 'histogram':
      return [
        {
          ...common,
          dataPointType: DataPointType.HISTOGRAM,
          dataPoints: histogramPoints(figure, times),
        },
      ]
    default:
      return []
  }
}

/** Prometheus counts what is at most a bound; OTLP what lies between two. */
function histogramPoints({ name, values }: Figure, times: Times) {
  const series = Map.groupBy(values, ({ labels }) => JSON.stringify(ownLabels(labels)))
  return [...series.values()].map((parts): DataPoint<HistogramValue> => {
    const attributes = ownLabels(parts[0]!.labels)
    const part = (suffix: string) =>
      parts.find(({ metricName }) => metricName === name + suffix)?.value ?? 0
    const buckets = parts
      .filter(({ metricName }) => metricName === `${name}_bucket`)
      .toSorted((a, b) => boundOf(a) - boundOf(b))
    return {
      ...times,
      attributes: attributes as Attributes,
      value: {
        buckets: {
          boundaries: buckets.map(boundOf).filter(Number.isFinite),
          counts: buckets.map(({ value }, i) => value - (buckets[i - 1]?.value ?? 0)),
        },
        sum: part('_sum'),
        count: part('_count'),
      },
    }
  })
}

const ownLabels = (labels: FigureValue['labels']): FigureValue['labels'] =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'le'))

interface HistogramValue {
  buckets: { boundaries: number[]; counts: number[] }
  sum: number
  count: number
}

const boundOf = ({ labels: { le } }: FigureValue): number =>
  le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)

function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return 's'
  return /_bytes(_total)?$/.test(name) ? 'By' : ''
}
