/**
 * Pombo, whole: database, keys, registry, engine, sources and the HTTP API, started in that order and stopped.
 * The steps are in app/; this is the only place where rooms are wired together. engine.ts wires the path
 * itself.
 */
import { hostname } from 'node:os'
import { createApi } from './api/api.ts'
import { findDashboard } from './api/dashboard/files.ts'
import { createDialectPorts } from './api/dialects/create-ports.ts'
import { idempotencyStore } from './api/idempotency/store.ts'
import { openIntake } from './api/ingest/open.ts'
import { openDatabase } from './app/database.ts'
import { openNodeHealth } from './app/health.ts'
import { openRegistry } from './app/registry.ts'
import { resealInBackground } from './app/reseal.ts'
import { openSecurity } from './app/security.ts'
import { diagnosis } from './app/diagnosis.ts'
import { openSources } from './app/sources.ts'
import { openWatching } from './app/watching.ts'
import type { Config, ConfigEntry } from './config.ts'
import { SystemClock } from './core/clock.ts'
import { PomboError } from './core/error.ts'
import type { IncomingMessage } from './core/message.ts'
import { isAway, type Pool } from './db/pool.ts'
import { createSocketOpener } from './deliver/send/websocket.ts'
import type { BackgroundTask } from './dialects/contract/ports.ts'
import { createDialects } from './dialects/dialects.ts'
import { Engine } from './engine.ts'
import { type Log, openLog } from './observe/log.ts'
import { openMetrics } from './observe/metrics.ts'
import { forgetSessions } from './registry/sessions/store.ts'
import { createDevices } from './sources/gateway-websocket/devices.ts'
import { GatewayWebsockets } from './sources/gateway-websocket/gateway-websocket.ts'
import { intakeChores } from './sources/intake/upkeep.ts'
import { compileChatFilter } from './whatsapp/chat-filter.ts'
import { version } from './version.ts'

export interface AppOptions {
  /** Progress for the person who starts it, a line each. */
  progress?: (message: string) => void
  /** Ends a start that is under way. */
  signal?: AbortSignal
  /** The configuration as it is shown, secrets masked. */
  settings?: readonly ConfigEntry[]
  /** Instead of one made from the configuration. */
  log?: Log
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
  /** Finishes what is in flight within the grace, records it, gives the rest back. */
  stop(): Promise<{ unfinished: number; unrecorded: number }>
}

/** Starts Pombo; throws an Error that says what is wrong, with everything it had started already stopped. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
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
  { progress = () => {}, signal, log: givenLog, settings }: AppOptions,
  undo: AsyncDisposableStack,
): Promise<App> {
  const clock = new SystemClock()
  const nodeName = `${hostname()}:${process.pid}`
  const log =
    givenLog ?? openLog({ level: config.logLevel, format: logFormat(config), node: nodeName })
  const metrics = openMetrics()
  undo.defer(() => metrics.stop())
  const reportError = (error: unknown, about: string) => log.main.error({ err: error }, about)
  const logError = (message: string, error: unknown) => reportError(error, message)

  const database = await openDatabase(config, { progress, signal }, undo)
  const { pool } = database
  let listening = ''
  const serverUrl = () => config.serverUrl ?? listening
  const security = await openSecurity(config, serverUrl)
  const { seal, urlProblem, personKeys, payloads, payloadLinks } = security
  const dialects = createDialects(config.dialects)
  const registry = openRegistry({
    pool,
    seal,
    clock,
    log,
    urlProblem,
    dialects,
    signatureHeaders: config.signatureHeaders,
  })
  const { freshKey, tenantId } = await registry.tenants.bootstrap({ apiKey: config.apiKey })

  const dialectTasks: BackgroundTask[] = []
  const watching = openWatching({
    pool,
    clock,
    lease: () => engine.lease,
    retentionDays: config.retentionDays,
    log: logError,
  })
  const engine = new Engine({
    pool,
    leasePool: database.leasePool,
    clock,
    registry,
    log,
    metrics,
    nodeName,
    version,
    serverUrl,
    payloadLinks,
    payloads,
    personKeys,
    dialects,
    compileChatFilter,
    async hearSignals(signals) {
      for (const event of signals) for (const task of dialectTasks) await task.onSignal?.(event)
    },
    allowSubnets: config.allowSubnets,
    egress: security.egress,
    httpsOnly: config.httpsOnly,
    leaseMs: config.leaseMs,
    retentionDays: config.retentionDays,
    commit: {
      maxBatch: config.commitBatch,
      windowMs: config.commitWindowMs,
      maxWaiting: config.commitBufferMessages,
      maxWaitingBytes: config.commitBufferBytes,
    },
    responseKeptBytes: config.responseCapBytes,
    watchers: watching.watchers,
    chores: [
      ...intakeChores(pool, () => clock.now(), config.retentionDays),
      { name: 'sessions', everyMs: 3_600_000, work: async () => await forgetSessions(pool) },
      ...watching.chores,
    ],
  })
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
  const gatewayWebsockets = new GatewayWebsockets({
    pool,
    clock,
    seal,
    lease: engine.lease,
    open: createSocketOpener(security.guard, security.egress),
    accept,
    async sessionOf(tenant, appId) {
      const routes = await registry.cache.routes(tenant, appId)
      return routes && (routes.app.uid ?? appId)
    },
    log: logError,
  })
  const dialectPorts = createDialectPorts({
    db: pool,
    clock,
    registry,
    dialects,
    payloads,
    devices: createDevices({ pool, seal, changed: () => gatewayWebsockets.look() }),
    liveNodes: () => engine.lease.liveNodes,
    accept,
    intake,
    wake,
    send: (request) => engine.send(request),
    urlProblem,
    serverUrl,
    isAway: (error) =>
      isAway(error) || (error instanceof PomboError && error.code === 'database_away'),
    report: reportError,
  })
  const api = createApi({
    db: pool,
    clock,
    registry,
    idempotency: idempotencyStore(pool, seal),
    accept,
    acceptMany,
    wake,
    dialects: { dialects, ports: dialectPorts },
    intake,
    live: watching.live,
    diagnose: () => diagnosis(pool, config),
    addressTrial: {
      checkUrl: (address) => security.guard.checkUrl(address),
      resolve: (name, port) => security.guard.resolve(name, port),
      send: (request) => engine.send(request),
    },
    transform: (transform, message) => engine.transformer.run(transform, message),
    payloadLinks,
    payloads,
    personKeys,
    health: openNodeHealth(pool, engine.lease, nodeName),
    metrics,
    log: {
      error: (fields, message) => log.main.error(fields, message),
      warn: (fields, message) => log.main.warn(fields, message),
      info: (fields, message) => log.main.info(fields, message),
    },
    settings: {
      version,
      maxBodyBytes: config.maxBodyBytes,
      retentionDays: config.retentionDays,
      configuration: settings,
      serverUrl: config.serverUrl,
      metricsToken: config.metricsToken,
      tls: tlsFiles(config),
      trustedProxies: config.trustedProxies,
      corsOrigins: config.corsOrigins,
      dashboardFolder: findDashboard(),
    },
  })
  const databaseUrl = database.url
  const parts = { databaseUrl, nodeName, tenantId, registry, dialectPorts, clock, log, accept }
  const sources = await openSources(config, parts)

  signal?.throwIfAborted()
  // The port before the engine: a second start on a taken port must not claim deliveries that it cannot serve.
  undo.defer(() => api.close())
  const url = await api.listen({ host: config.listen.host, port: config.listen.port })
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
  for (const dialect of dialects.values())
    if (dialect.background) dialectTasks.push(dialect.background(dialectPorts))
  for (const task of dialectTasks) task.start()
  const stopTasks = async () =>
    void (await Promise.allSettled(dialectTasks.map((task) => task.stop())))
  undo.defer(stopTasks)
  if (security.rotating) void resealInBackground(pool, seal, log, config.retentionDays, signal)

  return {
    url,
    ...(freshKey !== null && { apiKey: freshKey }),
    database: database.name,
    engine,
    pool,
    async stop() {
      // Answers what has come in already, refuses what comes now.
      const closing = api.close()
      await Promise.all([stopTasks(), ...sources.map((source) => source.stop())])
      await gatewayWebsockets.stop()
      const result = await engine.stop(config.shutdownGraceMs)
      await closing
      await watching.stop()
      await intake.stop()
      metrics.stop()
      await database.close()
      await log.flush()
      return result
    },
  }
}

function tlsFiles({ tlsCert, tlsKey }: Config) {
  return tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : undefined
}

function logFormat({ logFormat, production }: Config): 'json' | 'line' {
  if (logFormat !== 'auto') return logFormat
  return process.stdout.isTTY && !production ? 'line' : 'json'
}
