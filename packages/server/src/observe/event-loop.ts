import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

const RESOLUTION_MS = 10

/**
 * Reports how late timers fired since the last scrape. Node's histogram holds the interval itself too; that is taken
 * off.
 */
export function watchEventLoop(registry: Registry): { stop: () => void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const lagSeconds = (nanoseconds: number): number =>
    Math.max(0, (nanoseconds - RESOLUTION_MS * 1e6) / 1e9)
  new Gauge({
    registers: [registry],
    name: 'pombo_event_loop_lag_seconds',
    help:
      'How much later than asked for the event loop came round since the last scrape: half of ' +
      'the times, 99 %, at most.',
    // Not `quantile`, which Prometheus keeps for its summaries.
    labelNames: ['at'],
    aggregator: 'max',
    collect() {
      this.set({ at: 'p50' }, lagSeconds(delay.percentile(50)))
      this.set({ at: 'p99' }, lagSeconds(delay.percentile(99)))
      this.set({ at: 'max' }, lagSeconds(delay.max))
      delay.reset()
    },
  })
  return { stop: () => void delay.disable() }
}
