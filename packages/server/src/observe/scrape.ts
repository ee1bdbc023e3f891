import { AggregatorRegistry, type Registry } from 'prom-client'
import { byFigure, type Exemplar, type Exemplars } from './exemplars.ts'
import type { Figure } from './figure.ts'
import { openMetricsType, prefersOpenMetrics, writeOpenMetrics } from './open-metrics.ts'
import { joinSiblings } from './siblings.ts'

/** What one process of several knows. */
interface Snapshot {
  figures: unknown[]
  exemplars: Exemplar[]
}

/** What Prometheus is answered: of all processes together, where several serve one address. */
export function createScrape(registry: Registry, exemplars: Exemplars) {
  const own = async (): Promise<Snapshot> => ({
    figures: await registry.getMetricsAsJSON(),
    exemplars: exemplars.list(),
  })
  const siblings = joinSiblings(own)
  return {
    async render(accept?: string): Promise<{ type: string; text: string }> {
      const isOpen = prefersOpenMetrics(accept)
      if (siblings === undefined && !isOpen)
        return { type: registry.contentType, text: await registry.metrics() }
      const all = await Promise.all([own(), siblings?.others() ?? []])
      const snapshots = all.flat() as Snapshot[]
      const together =
        siblings && AggregatorRegistry.aggregate(snapshots.map(({ figures }) => figures as never[]))
      if (!isOpen) return { type: registry.contentType, text: await together!.metrics() }
      const figures = together ? await together.getMetricsAsJSON() : snapshots[0]!.figures
      const exemplarOf = byFigure(snapshots.map((snapshot) => snapshot.exemplars))
      return { type: openMetricsType, text: writeOpenMetrics(figures as Figure[], exemplarOf) }
    },
    stop: () => siblings?.leave(),
  }
}
