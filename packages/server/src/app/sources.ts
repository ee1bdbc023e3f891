import { randomBytes } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import type { Accepted, IncomingMessage } from '../core/message.ts'
import type { DialectPorts } from '../dialects/contract/ports.ts'
import { jobSessions } from '../dialects/zaphub/job-sessions.ts'
import type { Log } from '../observe/log.ts'
import type { Registry } from '../registry/registry.ts'
import { Outboxes } from '../sources/postgres/postgres.ts'

interface Parts {
  /** Of Pombo's own database, whose outbox is read where there is one. */
  databaseUrl: string
  nodeName: string
  tenantId: string
  registry: Registry
  dialectPorts: DialectPorts
  clock: Clock
  log: Log
  accept: (message: IncomingMessage) => Promise<Accepted>
}

interface Source {
  start(): unknown
  stop(): Promise<unknown>
}

/**
 * The sources that fetch their events: outboxes in PostgreSQL, Redis lists and streams, BullMQ queues. Not yet
 * started. The code of those that are not configured is not loaded.
 */
export async function openSources(config: Config, parts: Parts): Promise<Source[]> {
  const { tenantId, registry, accept, log, nodeName, dialectPorts, clock } = parts
  const maxPayloadBytes = config.maxBodyBytes
  const ofFirstTenant = {
    tenantId,
    appIdOf: async (uid: string) =>
      (await registry.apps.getOrCreate(tenantId, { name: uid, uid })).app.id,
    accept,
    maxPayloadBytes,
    log: (message: string, error?: unknown) =>
      error === undefined ? log.main.warn(message) : log.main.error({ err: error }, message),
  }
  const sources: Source[] = [
    new Outboxes({
      ...ofFirstTenant,
      ownUrl: parts.databaseUrl,
      outboxes: config.outboxes,
      defaultApp: config.outboxApp,
    }),
  ]
  if (config.redisSourceUrl !== undefined) {
    const { RedisSources } = await import('../sources/redis/redis.ts')
    sources.push(
      new RedisSources({
        ...ofFirstTenant,
        url: config.redisSourceUrl,
        lists: config.redisLists,
        listEnd: config.redisListEnd,
        streams: config.redisStreams,
        group: config.redisGroup,
        leaseMs: config.leaseMs,
        defaultApp: config.redisApp,
        // Containers that share a host name share process ids, too.
        consumer: `${nodeName}:${randomBytes(4).toString('hex')}`,
      }),
    )
  }
  const { zaphub } = config.dialects
  if (zaphub.redisUrl !== undefined) {
    const { BullmqWorkers } = await import('../sources/bullmq/bullmq.ts')
    sources.push(
      new BullmqWorkers({
        settings: { ...zaphub, redisUrl: zaphub.redisUrl, maxPayloadBytes },
        sessions: jobSessions(dialectPorts, zaphub),
        clock,
        accept,
        log: log.main,
      }),
    )
  }
  return sources
}
