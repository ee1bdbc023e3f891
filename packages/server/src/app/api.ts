import { createApi } from '../api/api.ts'
import type { ApiDeps } from '../api/deps.ts'
import { idempotencyStore } from '../api/idempotency/store.ts'
import type { Config, ConfigEntry } from '../config/config.ts'
import type { Pool } from '../db/pool.ts'
import type { Engine } from '../engine.ts'
import type { Log } from '../observe/log.ts'
import type { Telemetry } from '../observe/telemetry/telemetry.ts'
import { apiSettings } from './api-settings.ts'
import { openNodeHealth } from './health.ts'
import type { Security } from './security.ts'

type Handed = 'replica' | 'clock' | 'registry' | 'accept' | 'acceptMany' | 'wake' | 'metrics'
type Shown = 'dialects' | 'intake' | 'brokers' | 'live'

interface Parts extends Pick<ApiDeps, Handed | Shown> {
  pool: Pool
  engine: Engine
  telemetry: Telemetry | undefined
  log: Log
  nodeName: string
  /** The configuration as it is shown, secrets masked. */
  settings: readonly ConfigEntry[]
}

/** The HTTP API on top of the engine, not yet listening. */
export function openApi(
  config: Config,
  { seal, guard, payloadLinks, payloads, personKeys }: Security,
  { pool, engine, telemetry, log, nodeName, settings, ...parts }: Parts,
): ReturnType<typeof createApi> {
  return createApi({
    ...parts,
    db: pool,
    idempotency: idempotencyStore(pool, seal, () => engine.lease.ids),
    diagnose: async () =>
      await (await import('./diagnosis.ts')).diagnosis(pool, config, parts.replica),
    addressTrial: {
      checkUrl: (address) => guard.checkUrl(address),
      resolve: (name, port) => guard.resolve(name, port),
      send: (request) => engine.send(request),
    },
    transform: (transform, message) => engine.transformer.run(transform, message),
    rebuild: (attempt) => engine.rebuild(attempt),
    rules: engine.routeRules,
    payloadLinks,
    payloads,
    personKeys,
    health: openNodeHealth(pool, engine.lease, nodeName),
    requests: telemetry?.requests,
    http: telemetry?.http,
    log: {
      error: (fields, message) => log.main.error(fields, message),
      warn: (fields, message) => log.main.warn(fields, message),
      info: (fields, message) => log.main.info(fields, message),
    },
    settings: apiSettings(config, settings),
  })
}
