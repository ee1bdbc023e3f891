/**
 * The HTTP API: Svix's, with Pombo's own additions in the same style, described by the OpenAPI document that it serves.
 *
 * It promises that a 2xx to a message is given only after `accept` said that it is durable, that payloads are passed
 * on and shown to the letter, that a token reaches nothing beyond its scope, that an Idempotency-Key gives one answer
 * on all nodes, and that every mistake of a caller gets one error that names what was wrong (core/error.ts), while
 * mistakes of Pombo's own tell nothing of its inside.
 */
import Fastify, { type FastifyInstance } from 'fastify'
import type { Clock } from '../core/clock.ts'
import { PomboError } from '../core/error.ts'
import type { Accepted, IncomingMessage } from '../core/message.ts'
import type { PayloadLinks } from '../core/payload-link.ts'
import { createPersonHashes } from '../core/person.ts'
import type { Payloads } from '../db/payload.ts'
import type { Health } from '../observe/health.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { KeyHolder } from '../registry/keys/key.ts'
import type { Registry } from '../registry/registry.ts'
import type { Intake } from '../sources/intake/intake.ts'
import type { Presented } from './access.ts'
import { type DialectPart, mountDialects } from './dialects/mount.ts'
import { appRoutes } from './apps/routes.ts'
import { attemptRoutes } from './attempts/routes.ts'
import { auditRoute } from './audit/routes.ts'
import { authRoutes } from './auth/routes.ts'
import { csrfTokenOf } from './auth/session/cookie.ts'
import { sessionRoutes } from './auth/session/routes.ts'
import { backgroundTaskRoutes } from './background-tasks/routes.ts'
import { guardDoors, takeJson } from './body.ts'
import { createPages, type ServePage } from './dashboard/serve-page.ts'
import { dropRest, isStillComing } from './early-answers.ts'
import { endpointRoutes } from './endpoints/routes.ts'
import { transformRoutes, type TransformTrial } from './endpoints/transform.ts'
import { errorAnswer } from './error-answer.ts'
import { createPayloadCheck } from './event-types/payload-check.ts'
import { eventTypeRoutes } from './event-types/routes.ts'
import { healthRoutes, mountProbes } from './health/routes.ts'
import type { IdempotencyStore } from './idempotency/idempotency.ts'
import { mountIngest } from './ingest/mount.ts'
import { keyRoutes } from './keys/routes.ts'
import { mountMedia } from './media/mount.ts'
import { precheckRoute } from './messages/precheck.ts'
import { expungeRoutes } from './messages/expunge.ts'
import { messageRoutes } from './messages/routes.ts'
import { notOfferedAt } from './not-offered.ts'
import { openApi } from './reference/openapi.ts'
import { mountPayloadLinks } from './messages/payload-link.ts'
import { operationalWebhookRoutes } from './operational-webhooks/routes.ts'
import { createFraming } from './portal/framing.ts'
import { portalRoutes } from './portal/routes.ts'
import { privacyRoutes } from './privacy/routes.ts'
import { bulkReplayRoute, replayMissingRoute } from './replay/bulk.ts'
import { replayRoutes } from './replay/routes.ts'
import { referencePage } from './reference/reference-page.ts'
import type { Route } from './route.ts'
import { type Gate, mount } from './serve.ts'
import { sourceRoutes } from './sources/routes.ts'
import type { Pool } from '../db/pool.ts'
import { tenantRoutes } from './tenants/routes.ts'

export interface ApiDeps {
  db: Pool
  clock: Clock
  registry: Registry
  /** `idempotencyStore(db, seal)` of idempotency/store.ts. */
  idempotency: IdempotencyStore
  accept: (message: IncomingMessage) => Promise<Accepted>
  acceptMany: (messages: IncomingMessage[]) => Promise<(Accepted | PomboError)[]>
  /** Work of the endpoint may be due now that was not before. */
  wake: (endpointId: string) => void
  /** The dialects' routes are served where this is given. */
  dialects?: DialectPart
  /** Gateways can send their events in where this is given. */
  intake?: Intake
  /** What an endpoint's transformation makes of a message, for trying it out. */
  transform: TransformTrial
  payloadLinks: PayloadLinks
  payloads: Payloads
  /** Keys of the hashes by which people's messages are found, newest first. */
  personKeys: readonly Buffer[]
  health: Health
  metrics?: Pick<Metrics, 'render' | 'contentType'>
  log: {
    error(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
  settings: {
    version: string
    maxBodyBytes: number
    retentionDays: number
    /** Unset: the address that the server listens on. */
    serverUrl?: string | undefined
    metricsToken?: string | undefined
    /** The dashboard's build; unset: there is none. */
    dashboardFolder?: string | undefined
  }
}

/** Makes the server; it listens when it is told to. Other rooms' routes can be registered on it before. */
export function createApi(deps: ApiDeps): FastifyInstance {
  const { maxBodyBytes } = deps.settings
  let requests = 0
  const app = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    // A uid has up to 256 characters, each of which may come as three.
    // Clients 1.x end their paths with a slash.
    routerOptions: { maxParamLength: 1_024, ignoreTrailingSlash: true },
    forceCloseConnections: 'idle',
    // Above the idle time of common load balancers, which would else reuse a connection that is just being closed.
    keepAliveTimeout: 75_000,
    requestTimeout: 60_000,
    // A number tells the requests of one process apart in its log; a random id for each would cost 1 % of accepting a
    // message.
    genReqId: () => `${process.pid}-${(requests += 1)}`,
    // What is refused before there is a route, such as a path that cannot be decoded.
    frameworkErrors: (error, request, reply) => {
      const answer = errorAnswer(error, { requestId: request.id, maxBodyBytes })
      const headers = { ...answer.headers, 'content-type': 'application/json; charset=utf-8' }
      const send = (): void =>
        void reply.raw.writeHead(answer.status, headers).end(JSON.stringify(answer.body))
      if (isStillComing(request.raw)) dropRest(request.raw, send)
      else send()
    },
  })
  const servePage = createPages(app, {
    folder: deps.settings.dashboardFolder,
    frameAncestors: createFraming(deps.db, (token) => gate.presentSession(token)),
  })
  const gate = gateOf(deps, () => serverUrlOf(deps, app))
  guardDoors(app, maxBodyBytes)
  takeJson(app, maxBodyBytes)
  const routes = apiRoutes(deps, app, gate)
  answerErrors(app, routes, servePage, deps)
  mount(app, routes, gate)
  mountProbes(app, {
    health: deps.health,
    metrics: deps.metrics,
    metricsToken: deps.settings.metricsToken,
  })
  if (deps.dialects) mountDialects(app, deps.dialects, { ...deps, maxBodyBytes })
  if (deps.intake) {
    mountIngest(app, { intake: deps.intake, maxBodyBytes, log: deps.log })
    mountMedia(app, {
      db: deps.db,
      clock: deps.clock,
      links: deps.intake.links,
      files: deps.intake.files,
    })
  }
  mountPayloadLinks(app, deps)
  mountReference(app, routes, deps.settings.version)
  return app
}

/** The whole table, without which nothing is served and nothing is documented. */
function apiRoutes(deps: ApiDeps, app: FastifyInstance, gate: Gate): Route[] {
  const { db, clock, registry, settings } = deps
  const { apps, keys, endpoints, eventTypes, tenants, cache } = registry
  const appIdOf = cache.appIdOf.bind(cache)
  const endpointsOf = async (tenantId: string, appId: string) =>
    (await cache.routes(tenantId, appId))?.endpoints ?? []
  const serverUrl = () => serverUrlOf(deps, app)
  return [
    ...appRoutes(apps),
    ...endpointRoutes({
      ...deps,
      endpoints,
      eventTypes,
      retentionDays: settings.retentionDays,
      changed: (appId) => cache.invalidate('app', appId),
    }),
    ...transformRoutes(deps),
    ...eventTypeRoutes(eventTypes),
    ...messageRoutes({
      ...deps,
      apps,
      appIdOf,
      checkPayload: createPayloadCheck({ eventTypes, log: deps.log }),
      eventIdDays: settings.retentionDays,
    }),
    precheckRoute({ endpointsOf }),
    ...attemptRoutes({ ...deps, endpointsOf }),
    ...authRoutes({ apps, keys, clock, appIdOf, serverUrl }),
    ...sessionRoutes({ ...deps, ...gate, serverUrl, version: settings.version }),
    ...portalRoutes(db),
    ...backgroundTaskRoutes(db),
    ...replayRoutes({ db, clock, appIdOf, retentionDays: settings.retentionDays }),
    bulkReplayRoute({ db, clock, endpoints }),
    replayMissingRoute({ db, clock, endpoints }),
    ...expungeRoutes({ db, clock }),
    ...operationalWebhookRoutes({ db, endpoints, apps }),
    ...(deps.intake
      ? sourceRoutes({
          db,
          clock,
          apps,
          sources: deps.intake.sources,
          flushCounts: () => deps.intake!.counters.flush(),
          serverUrl,
        })
      : []),
    ...keyRoutes(keys),
    ...tenantRoutes(tenants, keys),
    auditRoute(db),
    ...privacyRoutes({ ...deps, hashes: createPersonHashes(deps.personKeys), endpointsOf }),
    ...healthRoutes(deps.health),
  ]
}

/** Base URL under which people reach this Pombo. */
function serverUrlOf({ settings }: ApiDeps, app: FastifyInstance): string {
  return settings.serverUrl?.replace(/\/+$/, '') ?? app.listeningOrigin
}

function gateOf({ registry, idempotency, log }: ApiDeps, serverUrl: () => string): Gate {
  const { cache, tenants } = registry
  let operator: string | undefined
  return {
    idempotency,
    serverUrl,
    appIdOf: cache.appIdOf.bind(cache),
    present: async (key) => presented(await cache.key(key), 'key'),
    presentSession: async (token) => presented(await cache.session(token), 'session', token),
    async operatorTenantId() {
      // The first tenant stays the first: ids grow with time.
      operator ??= (await tenants.list({ limit: 1, order: 'ascending' })).rows[0]?.id
      return operator
    },
    report: (error: unknown, what: string) => log.error({ err: error }, what),
  }
}

function presented(found: KeyHolder | undefined, what: string, token = ''): Presented {
  if (found === undefined)
    return {
      known: false,
      reason: what === 'key' ? 'This key is not known.' : 'This session has ended: sign in again.',
    }
  const { refused, name, sessionId, ...holder } = found
  if (refused !== null)
    return {
      known: false,
      reason: refused === 'revoked' ? 'This key was revoked.' : `This ${what} has expired.`,
    }
  const session = sessionId === null ? null : { id: sessionId, csrfToken: csrfTokenOf(token) }
  return { known: true, holder: { ...holder, keyName: name, session } }
}

function answerErrors(
  app: FastifyInstance,
  routes: readonly Route[],
  servePage: ServePage,
  { log, settings }: ApiDeps,
): void {
  const methodsOf = methodsByPath(routes)
  app.setErrorHandler(async (error, request, reply) => {
    const answer = errorAnswer(error, {
      requestId: request.id,
      maxBodyBytes: settings.maxBodyBytes,
    })
    if (answer.bug)
      log.error(
        {
          err: error,
          requestId: request.id,
          method: request.method,
          route: request.routeOptions.url,
        },
        'a request failed',
      )
    return reply.code(answer.status).headers(answer.headers).send(answer.body)
  })
  app.setNotFoundHandler(async (request, reply) => {
    if (await servePage(request, reply)) return reply
    const path = request.url.split('?')[0]!.replace(/(?<=.)\/$/, '')
    const { method } = request
    const allowed = methodsOf(path)
    if (allowed.length === 0)
      throw notOfferedAt(path) ?? new PomboError('no_route', { method, path })
    void reply.header('allow', allowed.join(', '))
    throw new PomboError('method_not_allowed', { method, path, allowed: allowed.join(', ') })
  })
}

/** What a path takes, for who asked for something else. The router itself only knows whole routes. */
function methodsByPath(routes: readonly Route[]): (path: string) => string[] {
  const forms = routes.map(({ method, path }) => ({
    method,
    form: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  return (path) => [
    ...new Set(forms.filter(({ form }) => form.test(path)).map(({ method }) => method)),
  ]
}

function mountReference(app: FastifyInstance, routes: readonly Route[], version: string): void {
  let document: string | undefined
  const info = {
    title: 'Pombo',
    version,
    description:
      "Self-hosted webhook delivery. The API is Svix's, so that its clients work unchanged; what is Pombo's own is marked nowhere and optional everywhere.",
  }
  app.get('/api/v1/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(openApi(routes, info))
    // Without a charset, which JSON does not have: some generators compare the type to the letter. Bytes, as Fastify
    // adds one to text.
    return reply.header('content-type', 'application/json').send(Buffer.from(document))
  })
  app.get('/api/v1/docs', async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(referencePage),
  )
}
