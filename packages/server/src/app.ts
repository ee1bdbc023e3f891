/**
 * Pombo, whole: the configuration's database (its own embedded one where none is named), the schema, the engine, and the HTTP API on top.
 * The only place where rooms are wired together; engine.ts wires the path itself.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createApi } from './api/api.ts'
import { openIntake } from './api/ingest/open.ts'
import { createDialectPorts } from './api/dialects/create-ports.ts'
import { idempotencyStore } from './api/idempotency/store.ts'
import type { Config } from './config.ts'
import { iso, SystemClock } from './core/clock.ts'
import { PomboError } from './core/error.ts'
import { createPayloadLinks } from './core/payload-link.ts'
import type { IncomingMessage } from './core/message.ts'
import { startEmbedded } from './db/embedded/embedded.ts'
import { migrate } from './db/migrate.ts'
import { schemaVersion } from './db/migrations.ts'
import { createPayloads } from './db/payload.ts'
import { isAway, openPool, ping, type Pool } from './db/pool.ts'
import { schemaProblem, schemaState } from './db/schema-state.ts'
import { longestRetentionDays, resealAll, resealFiles, resealPayloads } from './db/reseal.ts'
import { createSeal, type Seal } from './db/seal.ts'
import { loadOrMakeKeys } from './db/seal-keys.ts'
import { createGuard } from './deliver/guard/guard.ts'
import { transformProblem } from './deliver/transform/transform.ts'
import { createSocketOpener } from './deliver/send/websocket.ts'
import { createDialects, endpointRules } from './dialects/dialects.ts'
import type { BackgroundTask } from './dialects/contract/ports.ts'
import { jobSessions } from './dialects/zaphub/job-sessions.ts'
import { Engine } from './engine.ts'
import { openHealth } from './observe/health.ts'
import { type Log, openLog } from './observe/log.ts'
import { openMetrics } from './observe/metrics.ts'
import { createRegistry } from './registry/registry.ts'
import { compileFilter } from './route/filter.ts'
import { BullmqWorkers } from './sources/bullmq/bullmq.ts'
import { createDevices } from './sources/gateway-websocket/devices.ts'
import { GatewayWebsockets } from './sources/gateway-websocket/gateway-websocket.ts'
import { intakeChores } from './sources/intake/upkeep.ts'
import { Outboxes } from './sources/postgres/postgres.ts'
import { RedisSources } from './sources/redis/redis.ts'
import { chatFilterProblems, compileChatFilter } from './whatsapp/chat-filter.ts'

export interface AppOptions {
  /** Progress for the person who starts it, a line each. */
  progress?: (message: string) => void
  /** Ends a start that is under way. */
  signal?: AbortSignal
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

export const version = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string
  }
).version

/** Starts Pombo; throws an Error that says what is wrong, with everything it had started already stopped. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const undo: (() => Promise<unknown>)[] = []
  try {
    return await start(config, options, undo)
  } catch (error) {
    for (const stop of undo.toReversed()) await stop().catch(() => {})
    throw error
  }
}

async function start(
  config: Config,
  options: AppOptions,
  undo: (() => Promise<unknown>)[],
): Promise<App> {
  const progress = options.progress ?? (() => {})
  const clock = new SystemClock()
  const nodeName = `${hostname()}:${process.pid}`
  const log =
    options.log ?? openLog({ level: config.logLevel, format: logFormat(config), node: nodeName })
  const metrics = openMetrics()
  undo.push(async () => metrics.stop())

  let { databaseUrl } = config
  let embedded: Awaited<ReturnType<typeof startEmbedded>> | undefined
  if (databaseUrl === undefined) {
    embedded = await startEmbedded({
      dataDir: config.dataDir,
      log: progress,
      ...(options.signal && { signal: options.signal }),
    })
    undo.push(() => embedded!.stop())
    databaseUrl = embedded.url
  }
  const pool = openPool(databaseUrl, config.databaseConnections - 1)
  undo.push(() => pool.end())
  const leasePool = openPool(databaseUrl, 1, 'pombo-lease')
  undo.push(() => leasePool.end())
  await migrate(pool, { log: progress })

  const keys = config.encryptionKeys ?? (await loadOrMakeKeys(config.dataDir))
  const seal = createSeal(keys)
  const guard = createGuard({ allowSubnets: config.allowSubnets, httpsOnly: config.httpsOnly })
  const dialects = createDialects(config.dialects)
  const registry = createRegistry({
    pool,
    seal,
    clock,
    rules: {
      checkUrl(url) {
        const permission = guard.checkUrl(url)
        return permission.allowed ? undefined : permission.detail
      },
      checkFilter(expression) {
        const compiled = compileFilter(expression)
        return compiled.ok ? undefined : compiled.problem
      },
      checkTransform: transformProblem,
      chatFilterProblems,
      ...endpointRules(dialects),
    },
    report: (error, about) => log.main.error({ err: error }, about),
    mended: (about) => log.main.info(about),
  })
  const { freshKey, tenantId } = await registry.tenants.bootstrap({ apiKey: config.apiKey })

  let listening = ''
  const serverUrl = () => config.serverUrl ?? listening
  const personKeys = seal.derived('person keys')
  const payloads = createPayloads(seal)
  const payloadLinks = createPayloadLinks(seal.derived('payload links'), serverUrl)
  const backgroundTasks: BackgroundTask[] = []
  const engine = new Engine({
    pool,
    leasePool,
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
      for (const signal of signals) for (const one of backgroundTasks) await one.onSignal?.(signal)
    },
    allowSubnets: config.allowSubnets,
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
    chores: intakeChores(pool, () => clock.now(), config.retentionDays),
  })
  const health = openHealth({
    probes: {
      database: async () => {
        await ping(pool)
        return 'answers'
      },
      schema: async () => {
        const state = await schemaState(pool)
        const problem = schemaProblem(state, schemaVersion())
        if (problem) throw new Error(problem)
        return `version ${state.version}`
      },
      lease: () => {
        if (!engine.lease.valid())
          throw new Error('this node holds no lease: the database did not answer its heartbeat')
        return `held by ${nodeName}; ${engine.lease.liveNodes} node(s) live`
      },
    },
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
    log: (message, error) => log.main.error({ err: error }, message),
  })
  const gatewayWebsockets = new GatewayWebsockets({
    pool,
    clock,
    seal,
    lease: engine.lease,
    open: createSocketOpener(guard),
    accept,
    async sessionOf(tenantId, appId) {
      const routes = await registry.cache.routes(tenantId, appId)
      return routes && (routes.app.uid ?? appId)
    },
    log: (message, error) => log.main.error({ err: error }, message),
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
    urlProblem(target) {
      const permission = guard.checkUrl(target)
      return permission.allowed ? undefined : permission.detail
    },
    serverUrl,
    isAway: (error) =>
      isAway(error) || (error instanceof PomboError && error.code === 'database_away'),
    report: (error, about) => log.main.error({ err: error }, about),
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
    transform: (transform, message) => engine.transformer.run(transform, message),
    payloadLinks,
    payloads,
    personKeys,
    health,
    metrics,
    log: { error: (fields, message) => log.main.error(fields, message) },
    settings: {
      version,
      maxBodyBytes: config.maxBodyBytes,
      retentionDays: config.retentionDays,
      serverUrl: config.serverUrl,
      metricsToken: config.metricsToken,
    },
  })
  const ofFirstTenant = {
    tenantId,
    appIdOf: async (uid: string) =>
      (await registry.apps.getOrCreate(tenantId, { name: uid, uid })).app.id,
    accept,
    maxPayloadBytes: config.maxBodyBytes,
    log: (message: string, error?: unknown) =>
      error === undefined ? log.main.warn(message) : log.main.error({ err: error }, message),
  }
  const outboxes = new Outboxes({
    ...ofFirstTenant,
    ownUrl: databaseUrl,
    outboxes: config.outboxes,
    defaultApp: config.outboxApp,
  })
  undo.push(() => outboxes.stop())
  const redisSources =
    config.redisSourceUrl === undefined
      ? undefined
      : new RedisSources({
          ...ofFirstTenant,
          url: config.redisSourceUrl,
          lists: config.redisLists,
          listEnd: config.redisListEnd,
          streams: config.redisStreams,
          group: config.redisGroup,
          defaultApp: config.redisApp,
          // Containers that share a host name share process ids, too.
          consumer: `${nodeName}:${randomBytes(4).toString('hex')}`,
        })
  undo.push(async () => redisSources?.stop())
  const { zaphub } = config.dialects
  const queues =
    zaphub.redisUrl === undefined
      ? undefined
      : new BullmqWorkers({
          settings: { ...zaphub, redisUrl: zaphub.redisUrl, maxPayloadBytes: config.maxBodyBytes },
          sessions: jobSessions(dialectPorts, zaphub),
          clock,
          accept,
          log: log.main,
        })
  options.signal?.throwIfAborted()
  // The port before the engine: a second start on a taken port must not take work it cannot serve.
  undo.push(() => api.close())
  const url = await api.listen({ host: config.listen.host, port: config.listen.port })
  listening = api.listeningOrigin
  undo.push(() => engine.stop(0))
  await engine.start()
  outboxes.start()
  redisSources?.start()
  await queues?.start()
  undo.push(async () => queues?.stop())
  intake.start()
  undo.push(() => intake.stop())
  gatewayWebsockets.start()
  undo.push(() => gatewayWebsockets.stop())
  for (const dialect of dialects.values())
    if (dialect.background) backgroundTasks.push(dialect.background(dialectPorts))
  for (const one of backgroundTasks) one.start()
  const stopWork = async () =>
    void (await Promise.allSettled(backgroundTasks.map((one) => one.stop())))
  undo.push(stopWork)
  if (keys.length > 1) void resealed(pool, seal, log, config.retentionDays, options.signal)

  return {
    url,
    ...(freshKey !== null && { apiKey: freshKey }),
    database: embedded
      ? `embedded PostgreSQL ${embedded.version} in ${config.dataDir}`
      : new URL(databaseUrl).host,
    engine,
    pool,
    async stop() {
      // Answers what has come in already, refuses what comes now.
      const closing = api.close()
      await Promise.all([stopWork(), outboxes.stop(), redisSources?.stop(), queues?.stop()])
      await gatewayWebsockets.stop()
      const result = await engine.stop(config.shutdownGraceMs)
      await closing
      await intake.stop()
      metrics.stop()
      await Promise.all([pool.end(), leasePool.end()])
      await embedded?.stop()
      await log.flush()
      return result
    },
  }
}

/** With several keys in the ring, what an older one sealed is sealed anew while Pombo runs, and the log says until when the older ones are needed. */
async function resealed(
  pool: Pool,
  seal: Seal,
  log: Log,
  retentionDays: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const options = signal ? { signal } : {}
    const secrets = await resealAll(pool, seal, options)
    const payloads = await resealPayloads(pool, seal, options)
    const files = await resealFiles(pool, seal, options)
    if (signal?.aborted) return
    if (secrets.resealed + payloads.resealed + files.resealed > 0) {
      const days = await longestRetentionDays(pool, retentionDays)
      log.main.info(
        {
          secrets: secrets.resealed,
          payloads: payloads.resealed,
          files: files.resealed,
          keepOlderKeysUntil: iso(Date.now() + days * 86_400_000),
        },
        'sealed anew under the newest key; until keepOlderKeysUntil the older keys are still needed for links and keyed hashes of persons that were made under them',
      )
    }
    const all = [secrets, payloads, files]
    const said = all.flatMap(({ unreadable }) => unreadable)
    for (const problem of said)
      log.main.error(
        { problem },
        'a sealed value cannot be opened with any key of POMBO_ENCRYPTION_KEYS',
      )
    const count = all.reduce((sum, { unreadableCount }) => sum + unreadableCount, 0)
    if (count > said.length)
      log.main.error({ count }, 'so many sealed values cannot be opened; the first are named above')
  } catch (error) {
    log.main.warn({ err: error }, 'sealing anew was interrupted; the next start goes on with it')
  }
}

function logFormat({ logFormat, production }: Config): 'json' | 'line' {
  if (logFormat !== 'auto') return logFormat
  return process.stdout.isTTY && !production ? 'line' : 'json'
}
