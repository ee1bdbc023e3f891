import { ApiException, Svix } from 'svix'
import type { FastifyInstance } from 'fastify'
import { createApi } from '../../src/api/api.ts'
import { openIntake } from '../../src/api/ingest/open.ts'
import { idempotencyStore } from '../../src/api/idempotency/store.ts'
import { openPool } from '../../src/db/pool.ts'
import { createSeal } from '../../src/db/seal.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { openHealth } from '../../src/observe/health.ts'
import { openMetrics } from '../../src/observe/metrics.ts'
import { Live } from '../../src/traffic/live/live.ts'
import { Traffic } from '../../src/traffic/traffic.ts'
import { countTraffic } from '../../src/traffic/watcher.ts'
import type { Intake } from '../../src/sources/intake/intake.ts'
import { called, type Called, type CallOptions } from './called.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { type DatabaseLine, openLine } from './database-line.ts'
import { startNode, type TestNode } from './node.ts'
import { checkedFetch, type Contract, ownContract, svixContract } from './openapi.ts'

export interface TestApi {
  url: string
  database: TestDatabase
  node: TestNode
  intake: Intake
  /** Counts; `flush` adds them to the database. */
  traffic: Traffic
  /** A key of the first tenant, the operator's. */
  key: string
  tenantId: string
  /** The official client; every answer to it is checked against the OpenAPI documents. */
  svix: Svix
  clientFor: (key: string) => Svix
  /** The same checks for what the client cannot say. */
  call: (
    method: string,
    path: string,
    options?: CallOptions & { key?: string | null },
  ) => Promise<Called>
  /** Another server on the same database, as a second node would have it. */
  second: (other?: Pick<OpenOptions, 'namesWaitMs' | 'line'>) => Promise<TestApi>
  line: DatabaseLine | undefined
  logged: { fields: object; message: string }[]
  stop: () => Promise<void>
}

const sealKey = Buffer.alloc(32, 7).toString('base64')

export interface ApiOptions {
  maxBodyBytes?: number
  metricsToken?: string
  dashboardFolder?: string
  basePath?: string
  engine?: Partial<EngineOptions>
  /** Reach the database through a line that can be cut. */
  cuttable?: boolean
  /** How long an event waits for names. Long: what a test learns must not depend on the load of the machine. */
  namesWaitMs?: number
}

type OpenOptions = ApiOptions & { line?: DatabaseLine | undefined }

export async function startApi(options: ApiOptions = {}): Promise<TestApi> {
  const database = await createTestDatabase()
  const line = options.cuttable === true ? await openLine(database.url) : undefined
  return await startOn(database, { ...options, line }, true)
}

async function startOn(
  database: TestDatabase,
  options: OpenOptions,
  owner: boolean,
): Promise<TestApi> {
  const logged: TestApi['logged'] = []
  const databaseUrl = options.line?.url ?? database.url
  const pool = openPool(databaseUrl, 10)
  const log = (message: string, error: unknown) => logged.push({ fields: { error }, message })
  const traffic = new Traffic({ pool, clock: { now: Date.now }, log })
  const clock = { now: Date.now, monotonic: () => performance.now() }
  const live = new Live({ pool, clock, lease: () => node.engine.lease, log })
  const node = await startNode(databaseUrl, {
    watchers: [countTraffic(traffic, Date.now), live],
    ...options.engine,
  })
  const { tenants } = node.registry
  const { tenantId } = await tenants.bootstrap()
  const key =
    (await tenants.firstKey()) ?? (await node.registry.keys.create(tenantId, { name: 'test' })).text
  const intake = openIntake({
    pool,
    clock: node.engine.clock,
    seal: createSeal([sealKey]),
    registry: node.registry,
    accept: (messages) => node.engine.ingest.acceptMany(messages),
    serverUrl: () => app.listeningOrigin,
    retentionDays: 30,
    namesWaitMs: options.namesWaitMs ?? 10_000,
    log,
  })
  const app = createApi({
    db: pool,
    clock: node.engine.clock,
    registry: node.registry,
    idempotency: idempotencyStore(pool, createSeal([sealKey]), () => node.engine.lease.ids),
    accept: (message) => node.engine.ingest.accept(message),
    acceptMany: (messages) => node.engine.ingest.acceptMany(messages),
    wake: (endpointId) => node.engine.dispatcher.wake(endpointId),
    intake,
    live,
    transform: (transform, message) => node.engine.transformer.run(transform, message),
    rebuild: (attempt) => node.engine.rebuild(attempt),
    rules: node.engine.routeRules,
    payloadLinks: node.payloadLinks,
    payloads: node.payloads,
    personKeys: node.personKeys,
    health: openHealth({
      probes: { database: async () => String((await pool.query('select 1')).rowCount) },
      cacheMs: 0,
    }),
    metrics: openMetrics({ node: false }),
    log: {
      error: (fields, message) => logged.push({ fields, message }),
      warn: (fields, message) => logged.push({ fields, message }),
    },
    settings: {
      version: '0.0.0',
      maxBodyBytes: options.maxBodyBytes ?? 1_048_576,
      retentionDays: 30,
      metricsToken: () => options.metricsToken,
      dashboardFolder: options.dashboardFolder,
      basePath: options.basePath ?? '',
    },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  intake.start()
  live.start()
  const fetchChecked = checkedFetch(await contractsOf(app, options.basePath ?? ''))
  const clientFor = (token: string) =>
    new Svix(token, { serverUrl: url, fetch: fetchChecked, retryScheduleInMs: [] })
  return {
    url,
    database,
    node,
    intake,
    traffic,
    key,
    tenantId,
    logged,
    svix: clientFor(key),
    clientFor,
    call: async (method, path, { key: other, headers, ...given } = {}) => {
      const own = other !== null && { authorization: `Bearer ${other ?? key}` }
      const all = { ...given, headers: { ...own, ...headers } }
      return await called(url + path, method, all, fetchChecked)
    },
    line: options.line,
    second: (other = {}) => startOn(database, { ...options, ...other }, false),
    async stop() {
      await app.close()
      await intake.stop()
      await node.stop()
      await live.stop()
      await traffic.stop()
      await pool.end()
      await options.line?.cut()
      if (owner) await database.drop()
    },
  }
}

const ownContracts = new Map<string, Contract>()

/**
 * The document says the same at each start but for the path it is served below: it is written, and its validators are
 * compiled, once in a worker.
 */
async function contractsOf(app: FastifyInstance, basePath: string): Promise<Contract[]> {
  let own = ownContracts.get(basePath)
  if (own === undefined) {
    own = ownContract((await app.inject({ url: '/api/v1/openapi.json' })).json())
    ownContracts.set(basePath, own)
  }
  const svix = svixContract()
  return [own, ...(svix ? [svix] : [])]
}

/** What the client's call was refused with; throws where it was not. */
export async function refused(work: Promise<unknown>): Promise<{
  status: number
  body: { code?: string; detail: unknown }
  headers: Record<string, string>
}> {
  const error = await work.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ApiException)) throw error
  return {
    status: error.code,
    body: error.body as { code?: string; detail: unknown },
    headers: error.headers,
  }
}
