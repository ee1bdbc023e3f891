import { Counter, Gauge, type Registry } from 'prom-client'

export interface ReplicaMetrics {
  /** Where a statement of lists and statistics was read. */
  recordRead(server: 'replica' | 'primary'): void
  /** Asked at a scrape. */
  watchReplica(state: () => { used: boolean; lagMs: number | null }): void
}

/** What is there only where a replica is configured: a gauge of none would say that there is no lag. */
export function replicaMetrics(registers: Registry[]): ReplicaMetrics {
  let reads: Counter<'server'> | undefined
  return {
    recordRead: (server) => reads?.inc({ server }),
    watchReplica(state) {
      reads = new Counter({
        registers,
        name: 'pombo_reads_total',
        help: 'Statements of lists and statistics, by the server that was read: replica, primary.',
        labelNames: ['server'],
      })
      for (const server of ['replica', 'primary'] as const) reads.inc({ server }, 0)
      new Gauge({
        registers,
        name: 'pombo_read_replica_lag_seconds',
        help: 'How old what the replica answers may be; -1: not known.',
        aggregator: 'max',
        collect() {
          const { lagMs } = state()
          this.set(lagMs === null ? -1 : lagMs / 1_000)
        },
      })
      new Gauge({
        registers,
        name: 'pombo_read_replica_used',
        help: '1: lists and statistics are read from the replica. 0: it is away or too far behind.',
        aggregator: 'min',
        collect() {
          this.set(state().used ? 1 : 0)
        },
      })
    },
  }
}
