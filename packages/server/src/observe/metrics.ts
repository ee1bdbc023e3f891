import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { SpanIds } from '../core/trace.ts'
import { waitAtMost } from '../core/wait-at-most.ts'
import { boundedLabel } from './label.ts'
import { watchEventLoop } from './event-loop.ts'
import { Exemplars } from './exemplars.ts'
import type { Figure } from './figure.ts'
import { type ReplicaMetrics, replicaMetrics } from './replica-metrics.ts'
import { createScrape } from './scrape.ts'

/** How an attempt ended, in the words of `webhooks_total`: delivered, to be tried again, or given up. */
export type AttemptStatus = 'success' | 'retrying' | 'failed'

const acceptResults = [
  'accepted',
  'unmatched',
  'duplicate',
  'refused',
  'overloaded',
  'database_away',
  'rate_limited',
] as const
/** What became of a message that was sent in. */
export type AcceptResult = (typeof acceptResults)[number]

export interface QueueState {
  state: string
  depth: number
  /** Age of the oldest, in seconds. */
  oldestSeconds: number
}

/** Counts, each under a plain name. All are cheap enough for the hot path: an attempt costs 0.4 µs. */
export interface Metrics extends ReplicaMetrics {
  recordAttempt(attempt: {
    eventType: string
    status: AttemptStatus
    durationMs: number
    /** Of the trace it belongs to. */
    span?: SpanIds | undefined
  }): void
  recordAccepted(result: AcceptResult, count?: number): void
  /** One group commit: how many messages it held, and how long the transaction took. */
  recordCommit(messages: number, durationMs: number): void
  recordClaim(durationMs: number): void
  /** Messages of a broker, by what became of them. */
  recordPulled(type: string, result: string, count: number): void
  /** Sources that are read from brokers here, by how they fare. */
  setReaders(counts: readonly { type: string; state: string; count: number }[]): void
  setInFlight(requests: number): void
  setCircuits(counts: Record<string, number>): void
  setQueue(states: readonly QueueState[]): void
  /** What keeps the table of open work from being cleaned. */
  setUncleaned(found: { dead: number; oldest: { ageMs: number } | undefined }): void
  /** Asked at a scrape, at most once in `QUEUE_CACHE_MS`. While it fails or is slow, the last answer stands. */
  watchQueue(ask: () => Promise<readonly QueueState[]>): void
  /** As data, of this process. */
  figures(): Promise<readonly Figure[]>
  /** For Prometheus, in the form that it asks for; of all processes together, where several serve one address. */
  render(accept?: string): Promise<{ type: string; text: string }>
  stop(): void
}

// Counting the open work costs the database more than the rest of a scrape, and several servers may scrape one node.
const QUEUE_CACHE_MS = 5_000
const QUEUE_WAIT_MS = 1_000

// From a loopback receiver to the longest deadline, 60 s.
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60]
const databaseBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const batchBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000]

/** Gauges of prom-client under names that Prometheus keeps for counters; each is there by type as well. */
const misnamed = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`)

/**
 * Opens a registry of its own: several in one process (tests) do not mix. `node: false` leaves out what Node says of
 * itself.
 */
export function openMetrics(options: { node?: boolean } = {}): Metrics {
  const registers = [new Registry()]
  const registry = registers[0]!
  if (options.node !== false) {
    collectDefaultMetrics({ register: registry })
    for (const name of misnamed) registry.removeSingleMetric(name)
  }
  const eventLoop = watchEventLoop(registry)

  const attempts = new Counter({
    registers,
    name: 'webhooks_total',
    help: 'Attempts, by event type and how they ended: success, retrying (another one follows), failed (given up).',
    labelNames: ['event_type', 'status'],
  })
  const durations = new Histogram({
    registers,
    name: 'webhook_duration_seconds',
    help: 'Time from the start of an attempt to its end, by event type.',
    labelNames: ['event_type'],
    buckets: durationBuckets,
  })
  const depth = new Gauge({
    registers,
    name: 'pombo_queue_depth',
    help: 'Open deliveries, by state.',
    labelNames: ['state'],
    // All processes ask the same database.
    aggregator: 'max',
    collect: () => askQueue(),
  })
  const oldest = new Gauge({
    registers,
    name: 'pombo_queue_oldest_seconds',
    help: 'Age of the oldest open delivery, by state.',
    labelNames: ['state'],
    aggregator: 'max',
    // Both wait: a registry reads its metrics side by side.
    collect: () => askQueue(),
  })
  const dead = new Gauge({
    registers,
    name: 'pombo_queue_dead_rows',
    help: 'Rows of the table of open work that are gone and not cleaned by autovacuum yet.',
    aggregator: 'max',
  })
  const oldestTransaction = new Gauge({
    registers,
    name: 'pombo_database_oldest_transaction_seconds',
    help: 'Age of the oldest transaction of the database: what has gone since it began cannot be cleaned.',
    aggregator: 'max',
  })
  const inFlight = new Gauge({
    registers,
    name: 'pombo_in_flight',
    help: 'Requests under way from this node.',
  })
  const circuits = new Gauge({
    registers,
    name: 'pombo_circuits',
    help: 'Endpoints whose circuit is not closed, by state.',
    labelNames: ['state'],
    aggregator: 'max',
  })
  const accepted = new Counter({
    registers,
    name: 'pombo_accepted_total',
    help: 'Messages sent in, by what became of them.',
    labelNames: ['result'],
  })
  const commitMessages = new Histogram({
    registers,
    name: 'pombo_commit_messages',
    help: 'Messages in one group commit.',
    buckets: batchBuckets,
  })
  const commitSeconds = new Histogram({
    registers,
    name: 'pombo_commit_seconds',
    help: 'Time of a group commit.',
    buckets: databaseBuckets,
  })
  const claimSeconds = new Histogram({
    registers,
    name: 'pombo_claim_seconds',
    help: 'Time of a claim of due deliveries.',
    buckets: databaseBuckets,
  })

  const pulled = new Counter({
    registers,
    name: 'pombo_broker_messages_total',
    help: 'Messages of brokers, by kind and fate: accepted (or known), refused (set aside), left.',
    labelNames: ['type', 'result'],
  })
  const readers = new Gauge({
    registers,
    name: 'pombo_broker_readers',
    help: 'Sources that this node reads from brokers, by kind and state.',
    labelNames: ['type', 'state'],
  })

  const label = boundedLabel(200)
  // From 0 on, so that the first of a kind is an increase too: an alert counts what was added.
  const fromZero = <Child extends { inc(by: number): void }>(child: Child): Child => {
    child.inc(0)
    return child
  }
  const counts = cached((eventType: string) => ({
    success: fromZero(attempts.labels(eventType, 'success')),
    retrying: fromZero(attempts.labels(eventType, 'retrying')),
    failed: fromZero(attempts.labels(eventType, 'failed')),
    duration: durations.labels(eventType),
  }))
  const results = cached((result: AcceptResult) => fromZero(accepted.labels(result)))
  for (const result of acceptResults) results(result)

  const setQueue = (states: readonly QueueState[]): void => {
    depth.reset()
    oldest.reset()
    for (const { state, depth: count, oldestSeconds } of states) {
      depth.set({ state }, count)
      oldest.set({ state }, oldestSeconds)
    }
  }
  let queueSource: (() => Promise<readonly QueueState[]>) | undefined
  let asking: Promise<void> | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  const askQueue = async (): Promise<void> => {
    if (queueSource === undefined) return
    if (asking === undefined && performance.now() - askedAt >= QUEUE_CACHE_MS) {
      askedAt = performance.now()
      asking = queueSource()
        // A scrape must not fail because the database is away: that is when it is looked at.
        .then(setQueue, () => {})
        .finally(() => {
          asking = undefined
        })
    }
    if (asking !== undefined) await waitAtMost(QUEUE_WAIT_MS, asking)
  }

  const exemplars = new Exemplars()
  const noteExemplars = (event_type: string, status: string, seconds: number, span: SpanIds) => {
    exemplars.note('webhooks_total', { event_type, status }, 1, span)
    const le = durationBuckets.find((bound) => seconds <= bound) ?? '+Inf'
    exemplars.note('webhook_duration_seconds_bucket', { le, event_type }, seconds, span)
  }
  const scrape = createScrape(registry, exemplars)
  return {
    ...replicaMetrics(registers),
    recordAttempt({ eventType, status, durationMs, span }) {
      const type = label(eventType)
      const children = counts(type)
      const seconds = durationMs / 1_000
      children[status].inc()
      children.duration.observe(seconds)
      if (span?.sampled) noteExemplars(type, status, seconds, span)
    },
    recordAccepted: (result, count = 1) => results(result).inc(count),
    recordCommit(messages, durationMs) {
      commitMessages.observe(messages)
      commitSeconds.observe(durationMs / 1_000)
    },
    recordClaim: (durationMs) => claimSeconds.observe(durationMs / 1_000),
    recordPulled: (type, result, count) => pulled.inc({ type, result }, count),
    setReaders(counts) {
      readers.reset()
      for (const { type, state, count } of counts) readers.set({ type, state }, count)
    },
    setInFlight: (requests) => inFlight.set(requests),
    setCircuits(states) {
      circuits.reset()
      for (const [state, count] of Object.entries(states)) circuits.set({ state }, count)
    },
    setQueue,
    setUncleaned(found) {
      dead.set(found.dead)
      oldestTransaction.set((found.oldest?.ageMs ?? 0) / 1_000)
    },
    watchQueue(ask) {
      queueSource = ask
      askedAt = Number.NEGATIVE_INFINITY
    },
    figures: async () => (await registry.getMetricsAsJSON()) as unknown as Figure[],
    render: (accept) => scrape.render(accept),
    stop() {
      scrape.stop()
      eventLoop.stop()
    },
  }
}

/** Children are looked up by name once: prom-client sorts and joins the labels at every call otherwise. */
function cached<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>()
  return (key) => {
    let value = made.get(key)
    if (value === undefined) made.set(key, (value = make(key)))
    return value
  }
}
