/**
 * The HTTP API: Svix's, with Pombo's own additions in the same style, described by the OpenAPI document that it serves.
 *
 * It promises that a 2xx to a message is given only after `accept` said that it is durable, that payloads are passed
 * on and shown to the letter, that a token reaches nothing beyond its scope, that an Idempotency-Key gives one answer
 * on all nodes, and that every mistake of a caller gets one error that names what was wrong (core/error.ts), while
 * mistakes of Pombo's own tell nothing of its inside.
 */
import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:https'
import Fastify, { type FastifyInstance } from 'fastify'
import { belowBasePath } from '../core/base-path.ts'
import { PomboError } from '../core/error.ts'
import { mountDialects } from './dialects/mount.ts'
import { guardDoors, takeJson } from './body.ts'
import { createPages, sendReference, type ServePage } from './dashboard/serve-page.ts'
import { givenRequestId, mountDoor } from './door/door.ts'
import { traceRequests } from './door/traced.ts'
import { trustOf } from './door/trust.ts'
import { readTls, renewTls, type TlsFiles } from './door/tls.ts'
import { asksForWebSocket, routeUpgrades } from './door/upgrade.ts'
import { dropRest, isStillComing } from './early-answers.ts'
import { errorAnswer } from './error-answer.ts'
import { mountProbes } from './health/routes.ts'
import { mountIngest } from './ingest/mount.ts'
import { mountMedia } from './media/mount.ts'
import { notOfferedAt } from './not-offered.ts'
import { openApi } from './reference/openapi.ts'
import { mountPayloadLinks } from './messages/payload-link.ts'
import { createFraming } from './portal/framing.ts'
import type { Route } from './route.ts'
import { mount } from './serve.ts'
import { apiRoutes } from './api-routes.ts'
import type { ApiDeps } from './deps.ts'
import { gateOf, serverUrlOf } from './gate.ts'

/** Makes the server; it listens when it is told to. Other rooms' routes can be registered on it before. */
export function createApi(deps: ApiDeps): FastifyInstance {
  const { maxBodyBytes, tls, trustedProxies = [], corsOrigins } = deps.settings
  const { basePath = '', onSocket = false } = deps.settings
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
    trustProxy: trustOf(trustedProxies, onSocket),
    schemaController: { compilersFactory: noCompilers },
    ...(basePath !== '' && {
      rewriteUrl: ({ url }: IncomingMessage) => belowBasePath(url ?? '/', basePath),
    }),
    ...(tls
      ? { https: { ...readTls(tls), shouldUpgradeCallback: asksForWebSocket } }
      : { http: { shouldUpgradeCallback: asksForWebSocket } }),
    // A number tells the requests of one process apart in its log; a random id for each would cost 1 % of accepting a
    // message.
    genReqId: (request) => givenRequestId(request) ?? `${process.pid}-${(requests += 1)}`,
    // What is refused before there is a route, such as a path that cannot be decoded.
    frameworkErrors: (error, request, reply) => {
      const answer = errorAnswer(error, { requestId: request.id, maxBodyBytes })
      const headers = {
        ...answer.headers,
        'content-type': 'application/json; charset=utf-8',
        'x-request-id': request.id,
      }
      const send = (): void =>
        void reply.raw.writeHead(answer.status, headers).end(JSON.stringify(answer.body))
      if (isStillComing(request.raw)) dropRest(request.raw, send)
      else send()
    },
  })
  const servePage = createPages(app, {
    folder: deps.settings.dashboardFolder,
    basePath,
    frameAncestors: createFraming(deps.db, (token) => gate.presentSession(token)),
  })
  const stopping = new AbortController()
  const gate = gateOf(deps, () => serverUrlOf(deps, app), stopping.signal)
  routeUpgrades(app)
  traceRequests(app, deps.requests, deps.http)
  mountDoor(app, corsOrigins)
  if (tls) keepTls(app, tls, deps)
  guardDoors(app, maxBodyBytes)
  takeJson(app, maxBodyBytes)
  const routes = apiRoutes(deps, gate)
  answerErrors(app, routes, servePage, deps)
  mount(app, routes, gate)
  mountProbes(app, {
    health: deps.health,
    metrics: deps.metrics,
    metricsToken: deps.settings.metricsToken,
  })
  if (deps.dialects) mountDialects(app, deps.dialects, { ...deps, maxBodyBytes })
  if (deps.intake) {
    mountIngest(app, {
      intake: deps.intake,
      maxBodyBytes,
      serverUrl: () => gate.serverUrl(),
      log: deps.log,
    })
    mountMedia(app, {
      db: deps.db,
      clock: deps.clock,
      links: deps.intake.links,
      files: deps.intake.files,
    })
  }
  app.addHook('preClose', async () => {
    deps.live?.endAll('this node is stopping')
    stopping.abort()
  })
  mountPayloadLinks(app, deps)
  mountReference(app, routes, deps.settings)
  return app
}

/**
 * No route has a schema of Fastify's (they are read by zod), so neither ajv nor its compiler of serializers is loaded,
 * which Fastify does where it is given none.
 */
const noCompilers = { buildValidator: notUsed, buildSerializer: notUsed }

function notUsed(): never {
  throw new Error('Routes have no schemas of Fastify: give them to `route` (api/route.ts)')
}

function keepTls(app: FastifyInstance, files: TlsFiles, { log }: ApiDeps): void {
  const renewal = renewTls(app.server as Server, files, {
    info: (message) => log.info?.({}, message),
    problem: (error) => log.error({ err: error }, 'the certificate could not be renewed'),
  })
  app.addHook('onClose', (_app, done) => {
    renewal.stop()
    done()
  })
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
    // Also where Pombo has something else under the same path.
    const notOffered = notOfferedAt(path)
    if (notOffered !== undefined) throw notOffered
    const allowed = methodsOf(path)
    if (allowed.length === 0) throw new PomboError('no_route', { method, path })
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

function mountReference(
  app: FastifyInstance,
  routes: readonly Route[],
  { version, basePath = '', dashboardFolder: folder }: ApiDeps['settings'],
): void {
  let document: string | undefined
  const info = {
    title: 'Pombo',
    version,
    description:
      "Self-hosted webhook delivery. The API is Svix's, so that its clients work unchanged; what is " +
      "Pombo's own is marked nowhere and optional everywhere.",
  }
  app.get('/api/v1/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(openApi(routes, info, `${basePath}/`))
    // Without a charset, which JSON does not have: some generators compare the type to the letter. Bytes, as Fastify
    // adds one to text.
    return reply.header('content-type', 'application/json').send(Buffer.from(document))
  })
  app.get('/api/v1/docs', async (request, reply) =>
    sendReference(request, reply, { folder, basePath }),
  )
}
