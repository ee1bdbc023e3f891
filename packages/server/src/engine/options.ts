import type { CompileChatFilter } from '../core/chat-filter.ts'
import type { SystemClock } from '../core/clock.ts'
import type { Egress } from '../core/egress.ts'
import type { Outcome } from '../core/outcome.ts'
import type { DialectName } from '../core/endpoint.ts'
import type { Signal } from '../core/operational-types.ts'
import type { PayloadLinks } from '../core/payload-link.ts'
import type { Tracing } from '../core/trace.ts'
import type { Payloads } from '../db/payload.ts'
import type { Pool } from '../db/pool.ts'
import type { Destinations } from '../destinations/destinations.ts'
import type { Guard } from '../deliver/guard/guard.ts'
import type { DeliveryDialect } from '../dialects/contract/delivery.ts'
import type { IngestDeps } from '../ingest/ingest.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Registry } from '../registry/registry.ts'
import type { Watcher } from './watchers.ts'
import type { Chore } from '../upkeep/upkeep.ts'

export interface EngineOptions {
  pool: Pool
  /** One connection, for the heartbeat alone: it must not wait for a pool whose every connection is busy. */
  leasePool: Pool
  clock: SystemClock
  registry: Registry
  log: Log
  metrics: Metrics
  /** Absent: nothing is traced. */
  trace?: Tracing | undefined
  /** Hears of each request by HTTP. */
  requested?: ((url: string, outcome: Outcome) => void) | undefined
  nodeName: string
  version: string
  /** Known once the server listens. */
  serverUrl: () => string
  payloadLinks: PayloadLinks
  /** Default: none are sealed. */
  payloads?: Payloads
  /** Keys of the hashes by which people's messages are found, newest first; none: nobody's are. */
  personKeys?: readonly Buffer[]
  /** Default: one made of the two below. */
  guard?: Guard
  allowSubnets?: string[]
  httpsOnly?: boolean
  /** How requests leave. Default: straight. */
  egress?: Egress
  /** Where messages go that are not POSTed; closed with the engine. */
  destinations: Destinations
  leaseMs: number
  retentionDays: number
  commit: IngestDeps['commit']
  responseKeptBytes: number
  pollMs?: number
  disableAfterDays?: number
  /** What other rooms want done by upkeep. */
  chores?: readonly Chore[]
  dialects: ReadonlyMap<DialectName, DeliveryDialect>
  compileChatFilter: CompileChatFilter
  /** Hear of every message that is stored, and of every attempt that is recorded. They must be quick. */
  watchers?: readonly Watcher[]
  /** Hears every operational event before it is forgotten, on one node or another. Throws to be told again. */
  hearSignals?: (signals: readonly Signal[]) => Promise<void>
}
