import { rateLimitRoute } from './endpoints/rate-limit.ts'
import { environmentRoutes } from './environment/routes.ts'
import { managementRoutes } from './management/routes.ts'
import { eventsRoute } from './pollers/events.ts'
import { transformationRoutes } from './transformations/routes.ts'
import { testAttemptRoute } from './messages/test-attempt.ts'
import { rawRoute } from './messages/raw.ts'
import { cancelRoute } from './endpoints/cancel.ts'
import { countRoute } from './attempts/count.ts'
import { statisticsRoutes } from './statistics/routes.ts'
import { contentSearchRoute } from './messages/content-search.ts'
import { retryScheduleRoutes } from './event-types/retry-schedule.ts'
import { eventTypeOpenApiRoutes } from './event-type-openapi/routes.ts'
import { broadcastRoute } from './broadcast/routes.ts'
import { pollerRoutes } from './pollers/routes.ts'
import { integrationRoutes } from './integrations/routes.ts'
import { tokenRoutes } from './auth/tokens.ts'
import { createPersonHashes } from '../core/person.ts'
import { appRoutes } from './apps/routes.ts'
import { attemptRoutes } from './attempts/routes.ts'
import { explainRoute } from './attempts/explain.ts'
import { sentRoutes } from './attempts/sent.ts'
import { auditRoute } from './audit/routes.ts'
import { authRoutes } from './auth/routes.ts'
import { sessionRoutes } from './auth/session/routes.ts'
import { backgroundTaskRoutes } from './background-tasks/routes.ts'
import { endpointRoutes } from './endpoints/routes.ts'
import { effectiveRoutes } from './endpoints/effective.ts'
import { cloudAccessRoutes } from './endpoints/cloud-access.ts'
import { transformRoutes } from './endpoints/transform.ts'
import { bulkRoutes } from './bulk/routes.ts'
import { failureRoutes } from './failures/routes.ts'
import { createPayloadCheck } from './event-types/payload-check.ts'
import { eventTypeRoutes } from './event-types/routes.ts'
import { healthRoutes } from './health/routes.ts'
import { keyRoutes } from './keys/routes.ts'
import { precheckRoute } from './messages/precheck.ts'
import { expungeRoutes } from './messages/expunge.ts'
import { messageRoutes } from './messages/routes.ts'
import { operationalWebhookRoutes } from './operational-webhooks/routes.ts'
import { createQueuePictures } from './overview/queue.ts'
import { overviewRoute } from './overview/routes.ts'
import { portalRoutes } from './portal/routes.ts'
import { privacyRoutes } from './privacy/routes.ts'
import { bulkReplayRoutes } from './replay/bulk.ts'
import { replayRoutes } from './replay/routes.ts'
import { createReads } from './reads.ts'
import type { Route } from './route.ts'
import { credential, type Gate } from './serve.ts'
import type { ApiDeps } from './deps.ts'
import { searchRoute } from './search/routes.ts'
import { endpointSearchRoute } from './search/endpoints/routes.ts'
import { allSourcesRoute } from './sources/all/routes.ts'
import { sourceSessionsRoute } from './source-sessions/routes.ts'
import { doctorRoute } from './system/doctor.ts'
import { systemRoute } from './system/routes.ts'
import { tryAddressRoute } from './try/address.ts'
import { tryFilterRoute } from './try/filter.ts'
import { sourceRoutes } from './sources/routes.ts'
import { templateRoutes } from './templates/routes.ts'
import { streamRoute } from './stream/routes.ts'
import { tenantRoutes } from './tenants/routes.ts'
import { seriesRoute } from './traffic/routes.ts'

/** The whole table, without which nothing is served and nothing is documented. */
export function apiRoutes(deps: ApiDeps, gate: Gate): Route[] {
  const { db, clock, registry, settings } = deps
  const reads = createReads(db, deps.replica)
  const { apps, keys, endpoints, eventTypes, tenants, cache } = registry
  const appIdOf = cache.appIdOf.bind(cache)
  const endpointsOf = async (tenantId: string, appId: string) =>
    (await cache.routes(tenantId, appId))?.endpoints ?? []
  const routesOf = cache.routes.bind(cache)
  const serverUrl = () => gate.serverUrl()
  const queue = createQueuePictures(db, clock)
  const sending = {
    ...deps,
    reads,
    apps,
    endpoints,
    appIdOf,
    checkPayload: createPayloadCheck({ eventTypes, log: deps.log }),
    eventIdDays: settings.retentionDays,
  }
  return [
    ...appRoutes(apps),
    ...endpointRoutes({
      ...deps,
      endpoints,
      eventTypes,
      retentionDays: settings.retentionDays,
      changed: (appId) => cache.invalidate('app', appId),
    }),
    ...cloudAccessRoutes(endpoints),
    ...effectiveRoutes({
      endpoints,
      tenants,
      defaults: settings.endpointDefaults ?? {},
      dialects: deps.dialects?.dialects ?? new Map(),
    }),
    ...transformRoutes(deps),
    ...transformationRoutes({ ...deps, endpoints }),
    rateLimitRoute({ db, clock, endpointsOf }),
    cancelRoute({ db, clock, endpoints }),
    ...eventTypeRoutes(eventTypes),
    ...messageRoutes(sending),
    testAttemptRoute(sending),
    rawRoute(deps),
    ...pollerRoutes({
      ...deps,
      pollers: registry.pollers,
      eventTypes,
      credential: async (request) => await credential(gate, request),
      stopping: gate.stopping,
    }),
    ...integrationRoutes(registry.integrations),
    ...tokenRoutes({ ...gate, keys, tenants, clock, pollers: registry.pollers }),
    eventsRoute(deps),
    contentSearchRoute({ ...deps, reads }),
    broadcastRoute({ ...sending, tenants }),
    ...statisticsRoutes({ db, reads, clock, endpointsOf }),
    ...retryScheduleRoutes(eventTypes),
    ...eventTypeOpenApiRoutes({ db, clock, eventTypes, version: settings.version }),
    precheckRoute({ endpointsOf }),
    ...attemptRoutes({ ...deps, reads, endpointsOf }),
    explainRoute({ ...deps, routesOf }),
    ...sentRoutes({ ...deps, routesOf }),
    countRoute({ ...deps, reads, endpointsOf }),
    ...authRoutes({ apps, keys, clock, appIdOf, serverUrl }),
    ...sessionRoutes({
      ...deps,
      ...gate,
      serverUrl,
      basePath: settings.basePath ?? '',
      version: settings.version,
    }),
    ...portalRoutes(db),
    overviewRoute({ ...deps, reads, ...gate, queue }),
    ...failureRoutes({ ...deps, reads, appIdOf, queue }),
    ...bulkRoutes({ ...deps, appIdOf }),
    searchRoute({ ...deps, reads, appIdOf }),
    endpointSearchRoute({ ...deps, appIdOf }),
    allSourcesRoute({
      db,
      appIdOf,
      serverUrl,
      brokerOf: (source) => deps.intake?.sources.brokerOf(source) ?? null,
    }),
    ...templateRoutes({ ...deps, endpoints, eventTypes, routesOf }),
    tryFilterRoute(deps),
    ...(deps.addressTrial ? [tryAddressRoute({ trial: deps.addressTrial, clock })] : []),
    systemRoute({ ...deps, ...settings, queue }),
    ...(deps.diagnose ? [doctorRoute(deps.diagnose, clock)] : []),
    sourceSessionsRoute({ ...deps, appIdOf }),
    seriesRoute({ ...deps, reads, appIdOf, endpointsOf }),
    ...(deps.live
      ? [
          streamRoute({
            live: deps.live,
            appIdOf,
            credential: async (request) => await credential(gate, request),
          }),
        ]
      : []),
    ...backgroundTaskRoutes(db),
    ...replayRoutes({ db, clock, appIdOf, retentionDays: settings.retentionDays }),
    ...bulkReplayRoutes({ db, clock, endpoints, retentionDays: settings.retentionDays }),
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
          brokers: deps.brokers,
        })
      : []),
    ...keyRoutes(keys),
    ...tenantRoutes(tenants, keys),
    ...managementRoutes({ tenants, keys, clock }),
    ...environmentRoutes({ clock, eventTypes, tenants }),
    auditRoute(db),
    ...privacyRoutes({ ...deps, hashes: createPersonHashes(deps.personKeys), endpointsOf }),
    ...healthRoutes(deps.health),
  ]
}
