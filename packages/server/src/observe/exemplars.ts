import type { SpanIds } from '../core/trace.ts'
import type { FigureValue } from './figure.ts'

/** One attempt of those that a figure counts, by its trace. */
export interface Exemplar {
  name: string
  labels: FigureValue['labels']
  traceId: string
  spanId: string
  value: number
  atMs: number
}

/** The latest recorded trace of each figure; as many as there are figures. */
export class Exemplars {
  readonly #latest = new Map<string, Exemplar>()

  note(name: string, labels: FigureValue['labels'], value: number, span: SpanIds): void {
    const { traceId, spanId } = span
    const exemplar = { name, labels, traceId, spanId, value, atMs: Date.now() }
    this.#latest.set(keyOf(name, labels), exemplar)
  }

  list(): Exemplar[] {
    return [...this.#latest.values()]
  }
}

/** By figure, of several processes the latest. */
export function byFigure(
  lists: readonly (readonly Exemplar[])[],
): (name: string, labels: FigureValue['labels']) => Exemplar | undefined {
  const latest = new Map<string, Exemplar>()
  for (const exemplar of lists.flat()) {
    const key = keyOf(exemplar.name, exemplar.labels)
    if ((latest.get(key)?.atMs ?? 0) <= exemplar.atMs) latest.set(key, exemplar)
  }
  return (name, labels) => (latest.size === 0 ? undefined : latest.get(keyOf(name, labels)))
}

function keyOf(name: string, labels: FigureValue['labels']): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
  return `${name} ${parts.toSorted().join(' ')}`
}
