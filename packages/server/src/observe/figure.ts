/** A metric as prom-client gives it out as JSON. */
export interface Figure {
  name: string
  help: string
  type: string
  values: readonly FigureValue[]
}

export interface FigureValue {
  /** Where it is not the metric's own, as of a histogram's parts. */
  metricName?: string
  labels: Readonly<Record<string, string | number>>
  value: number
}
