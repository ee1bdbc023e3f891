/**
 * The figures in OpenMetrics' text, which alone can carry exemplars. Written here: prom-client renames its counters
 * for good once it has written them so, and writes wrong names of those that several processes have together.
 */
import type { Exemplar } from './exemplars.ts'
import type { Figure, FigureValue } from './figure.ts'

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** Whether who asks would rather have it than the older text, as Prometheus does. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  let [open, plain] = [0, 0]
  for (const part of (accept ?? '').split(',')) {
    const [type, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    const given = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = given === undefined ? 1 : Number(given.slice(2)) || 0
    if (type === 'application/openmetrics-text') open = Math.max(open, weight)
    if (type === 'text/plain') plain = Math.max(plain, weight)
  }
  return open > 0 && open >= plain
}

export function writeOpenMetrics(
  figures: readonly Figure[],
  exemplarOf: (name: string, labels: FigureValue['labels']) => Exemplar | undefined,
): string {
  const lines: string[] = []
  for (const { name, help, type, values } of figures) {
    const family = type === 'counter' ? name.replace(/_total$/, '') : name
    lines.push(`# TYPE ${family} ${type}`, `# HELP ${family} ${escaped(help)}`)
    for (const { metricName = name, labels, value } of values) {
      const sample = type === 'counter' ? `${family}_total` : metricName
      const mayHaveOne = type === 'counter' || metricName.endsWith('_bucket')
      const exemplar = mayHaveOne ? exemplarOf(metricName, labels) : undefined
      lines.push(`${sample}${inBraces(labels)} ${number(value)}${shown(exemplar)}`)
    }
  }
  return `${lines.join('\n')}\n# EOF\n`
}

function shown(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return ''
  const { traceId, spanId, value, atMs } = exemplar
  const labels = inBraces({ trace_id: traceId, span_id: spanId })
  return ` # ${labels} ${number(value)} ${(atMs / 1_000).toFixed(3)}`
}

function inBraces(labels: FigureValue['labels']): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function escaped(text: string): string {
  return text.replaceAll(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`))
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
