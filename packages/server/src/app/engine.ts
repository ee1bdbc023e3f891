import type { Config } from '../config/config.ts'
import { Engine } from '../engine.ts'
import type { EngineOptions } from '../engine/options.ts'
import type { Telemetry } from '../observe/telemetry/telemetry.ts'
import { forgetSessions } from '../registry/sessions/store.ts'
import { intakeChores } from '../sources/intake/upkeep.ts'
import { version } from '../version.ts'
import { compileChatFilter } from '../whatsapp/chat-filter.ts'
import type { AppDatabase } from './database.ts'
import type { Security } from './security.ts'
import type { Watching } from './watching.ts'

type Handed = 'clock' | 'registry' | 'log' | 'metrics' | 'dialects' | 'nodeName' | 'serverUrl'

interface Parts extends Pick<EngineOptions, Handed | 'hearSignals'> {
  database: AppDatabase
  security: Security
  telemetry: Telemetry | undefined
  watching: Watching
}

/** The engine as it is configured, not yet started. */
export function openEngine(
  config: Config,
  { database, security, telemetry, watching, ...parts }: Parts,
): Engine {
  const { pool, leasePool } = database
  const { guard, egress, destinations, payloadLinks, payloads, personKeys } = security
  const { leaseMs, retentionDays } = config
  return new Engine({
    ...parts,
    pool,
    leasePool,
    trace: telemetry?.traces,
    requested: telemetry?.http?.client,
    version,
    payloadLinks,
    payloads,
    personKeys,
    compileChatFilter,
    guard,
    egress,
    destinations,
    leaseMs,
    retentionDays,
    commit: {
      maxBatch: config.commitBatch,
      windowMs: config.commitWindowMs,
      maxWaiting: config.commitBufferMessages,
      maxWaitingBytes: config.commitBufferBytes,
    },
    responseKeptBytes: config.responseCapBytes,
    watchers: watching.watchers,
    chores: [
      ...intakeChores(pool, () => parts.clock.now(), retentionDays),
      { name: 'sessions', everyMs: 3_600_000, work: async () => await forgetSessions(pool) },
      ...watching.chores,
    ],
  })
}
