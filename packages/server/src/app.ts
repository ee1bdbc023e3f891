/**
 * Pombo, whole: database, keys, registry, engine, sources and the HTTP API, started in that order and stopped.
 * The steps are in app/; this is the only place where rooms are wired together. engine.ts wires the path
 * itself.
 */
import { hostname } from 'node:os'
import { openIntake } from './api/ingest/open.ts'
import { openApi } from './app/api.ts'
import { openBrokers } from './app/brokers.ts'
import { openDatabase } from './app/database.ts'
import { openDialectPorts } from './app/dialect-ports.ts'
import { DialectTasks } from './app/dialect-tasks.ts'
import { openEngine } from './app/engine.ts'
import { openGatewayWebsockets } from './app/gateway-websockets.ts'
import { listenAt } from './app/listen.ts'
import { type LogParts, openLogOf } from './app/log.ts'
import { openReplica } from './app/replica.ts'
import { openRegistry } from './app/registry.ts'
import { createReload } from './app/reload.ts'
import { resealInBackground } from './app/reseal.ts'
import { openSecurity } from './app/security.ts'
import { openSources } from './app/sources.ts'
import { hearTelemetry, openTelemetryOf } from './app/telemetry.ts'
import { openWatching } from './app/watching.ts'
import { serverDefaults } from './config/endpoint-keys.ts'
import type { Config, ConfigEntry, Loaded } from './config/config.ts'
import { withBasePath } from './core/base-path.ts'
import { SystemClock } from './core/clock.ts'
import type { IncomingMessage } from './core/message.ts'
import type { Pool } from './db/pool.ts'
import { createDialects } from './dialects/dialects.ts'
import type { Engine } from './engine.ts'
import type { Log } from './observe/log.ts'
import { openMetrics } from './observe/metrics.ts'

export interface AppOptions {
  /** Progress for the person who starts it, a line each. */
  progress?: (message: string) => void
  /** Ends a start that is under way. */
  signal?: AbortSignal
  /** The configuration as it is shown, secrets masked. */
  settings?: readonly ConfigEntry[]
  /** Called when all but the port is ready: what would hold up requests comes before them. */
  beforeListening?: () => void
  /** Instead of one made from the configuration; a function is given what OpenTelemetry adds to it. */
  log?: Log | ((parts: LogParts) => Log)
}

export interface App {
  /** Where it listens, such as `http://127.0.0.1:8071`. */
  url: string
  /** Only when it was made at this start: nobody can read it again. */
  apiKey?: string
  /** `embedded`, or the host of DATABASE_URL. */
  database: string
  engine: Engine
  pool: Pool
  /** Takes up what can change while it runs. */
  reload(loaded: Loaded): void
  /** Finishes what is in flight within the grace, records it, gives the rest back. */
  stop(): Promise<{ unfinished: number; unrecorded: number }>
}

/** Starts Pombo; throws an Error that says what is wrong, with everything it had started already stopped. */
export async function startApp(given: Config, options: AppOptions = {}): Promise<App> {
  // Its own: what is read again is put into it.
  const config = structuredClone(given)
  const undo = new AsyncDisposableStack()
  try {
    return await start(config, options, undo)
  } catch (error) {
    // Stops all of it, even where one cannot be stopped; what matters is why the start failed.
    await undo.disposeAsync().catch(() => {})
    throw error
  }
}

async function start(
  config: Config,
  { progress = () => {}, signal, log: givenLog, settings: given = [], beforeListening }: AppOptions,
  undo: AsyncDisposableStack,
): Promise<App> {
  const clock = new SystemClock()
  const settings = [...given]
  const nodeName = `${hostname()}:${process.pid}`
  const telemetry = await openTelemetryOf(config)
  undo.defer(async () => await telemetry?.stop())
  const log = openLogOf(config, nodeName, telemetry, givenLog)
  hearTelemetry(telemetry, config, log)
  const metrics = openMetrics()
  undo.defer(() => metrics.stop())
  telemetry?.watch(metrics)
  const reportError = (error: unknown, about: string) => log.main.error({ err: error }, about)
  const logError = (message: string, error: unknown) => reportError(error, message)

  const database = await openDatabase(config, { progress, signal }, undo)
  const { pool } = database
  const reading = await openReplica(config, { pool, clock, metrics, log }, undo)
  let listening = ''
  const serverUrl = () => withBasePath(config.serverUrl ?? listening, config.basePath)
  const security = await openSecurity(config, serverUrl)
  const { seal, destinations } = security
  const dialects = createDialects(config.dialects)
  const registry = openRegistry({
    pool,
    destinations,
    seal,
    clock,
    log,
    checkUrl: (url) => security.guard.checkUrl(url),
    dialects,
    signatureHeaders: config.signatureHeaders,
    defaults: serverDefaults(config),
    cacheBytes: config.cacheBytes,
  })
  const { tenantId } = await registry.tenants.bootstrap({ apiKey: config.apiKey })
  const dialectTasks = new DialectTasks()
  const watching = openWatching({
    pool,
    clock,
    lease: () => engine.lease,
    retentionDays: config.retentionDays,
    log: logError,
  })
  const engine = openEngine(config, {
    database,
    security,
    telemetry,
    watching,
    clock,
    registry,
    dialects,
    metrics,
    log,
    nodeName,
    serverUrl,
    hearSignals: (signals) => dialectTasks.hear(signals),
  })
  const { lease } = engine
  const accept = (message: IncomingMessage) => engine.ingest.accept(message)
  const acceptMany = (messages: IncomingMessage[]) => engine.ingest.acceptMany(messages)
  const wake = (endpointId: string) => engine.dispatcher.wake(endpointId)

  const intake = openIntake({
    pool,
    clock,
    seal,
    registry,
    accept: acceptMany,
    serverUrl,
    retentionDays: config.retentionDays,
    log: logError,
  })
  const brokers = openBrokers(config, security, { pool, engine, intake, nodeName, metrics, log })
  const gatewayParts = { pool, clock, registry, lease, accept, log: logError }
  const gatewayWebsockets = openGatewayWebsockets(security, gatewayParts)
  const dialectPorts = openDialectPorts(security, {
    pool,
    engine,
    gatewayWebsockets,
    clock,
    registry,
    dialects,
    accept,
    intake,
    wake,
    serverUrl,
    report: reportError,
  })
  const api = openApi(config, security, {
    pool,
    engine,
    telemetry,
    log,
    nodeName,
    settings,
    replica: reading.replica,
    clock,
    registry,
    accept,
    acceptMany,
    wake,
    metrics,
    dialects: { dialects, ports: dialectPorts },
    intake,
    brokers: brokers.port,
    live: watching.live,
  })
  const databaseUrl = database.url
  const parts = { databaseUrl, nodeName, tenantId, registry, dialectPorts, clock, log, accept }
  const sources = [...(await openSources(config, parts)), brokers.readers]

  signal?.throwIfAborted()
  // The port before the engine: a second start on a taken port must not claim deliveries that it cannot serve.
  undo.defer(() => api.close())
  await api.ready()
  beforeListening?.()
  const url = await listenAt(api, config)
  listening = api.listeningOrigin
  undo.defer(async () => void (await engine.stop(0)))
  await engine.start()
  watching.start()
  undo.defer(() => watching.stop())
  for (const source of sources) {
    undo.defer(async () => void (await source.stop()))
    await source.start()
  }
  intake.start()
  undo.defer(() => intake.stop())
  gatewayWebsockets.start()
  undo.defer(() => gatewayWebsockets.stop())
  dialectTasks.start(dialects, dialectPorts)
  undo.defer(() => dialectTasks.stop())
  if (security.rotating) void resealInBackground(pool, seal, log, config.retentionDays, signal)

  const freshKey = config.apiKey === undefined ? await registry.tenants.firstKey() : null
  return {
    url,
    ...(freshKey !== null && { apiKey: freshKey }),
    database: database.name,
    engine,
    pool,
    reload: createReload({ config, settings, log }),
    async stop() {
      // Answers what has come in already, refuses what comes now.
      const closing = api.close()
      await Promise.all([dialectTasks.stop(), ...sources.map((source) => source.stop())])
      await gatewayWebsockets.stop()
      const result = await engine.stop(config.shutdownGraceMs)
      await closing
      await watching.stop()
      await intake.stop()
      metrics.stop()
      await reading.stop()
      await database.close()
      await telemetry?.stop()
      await log.flush()
      return result
    },
  }
}
