import { rateLimitRoute } from './endpoints/rate-limit.ts'
import { environmentRoutes } from './environment/routes.ts'
import { managementRoutes } from './management/routes.ts'
import { Arrivals } from './pollers/arrivals.ts'
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
import type { RouteDeps } from './route-deps.ts'
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
  const { db, registry, settings, clock } = deps
  const { cache, ...registered } = registry
  const { eventTypes } = registry
  const all: RouteDeps & ApiDeps & Gate = {
    ...deps,
    ...registered,
    ...gate,
    reads: createReads(db, deps.replica),
    queue: createQueuePictures(db, clock),
    arrivals: new Arrivals(db),
    endpointsOf: async (tenantId, appId) => (await cache.routes(tenantId, appId))?.endpoints ?? [],
    routesOf: cache.routes.bind(cache),
    checkPayload: createPayloadCheck({ eventTypes, clock, log: deps.log }),
    credential: async (request) => await credential(gate, request),
    retentionDays: settings.retentionDays,
    version: settings.version,
  }
  const { intake, live } = deps
  return [
    ...appRoutes(all.apps),
    ...endpointRoutes({
      ...all,
      changed: (appId, endpointId) => cache.invalidate('app', appId, endpointId),
    }),
    ...cloudAccessRoutes(all.endpoints),
    ...effectiveRoutes({
      ...all,
      defaults: settings.endpointDefaults ?? {},
      dialects: deps.dialects?.dialects ?? new Map(),
    }),
    ...transformRoutes(all),
    ...transformationRoutes(all),
    rateLimitRoute(all),
    cancelRoute(all),
    ...eventTypeRoutes(eventTypes),
    ...messageRoutes(all),
    testAttemptRoute(all),
    rawRoute(all),
    ...pollerRoutes(all),
    ...integrationRoutes(registry.integrations),
    ...tokenRoutes(all),
    eventsRoute(all),
    contentSearchRoute(all),
    broadcastRoute(all),
    ...statisticsRoutes(all),
    ...retryScheduleRoutes(eventTypes),
    ...eventTypeOpenApiRoutes(all),
    precheckRoute(all),
    ...attemptRoutes(all),
    explainRoute(all),
    ...sentRoutes(all),
    countRoute(all),
    ...authRoutes(all),
    ...sessionRoutes({ ...all, basePath: settings.basePath ?? '' }),
    ...portalRoutes(db),
    overviewRoute(all),
    ...failureRoutes(all),
    ...bulkRoutes(all),
    searchRoute(all),
    endpointSearchRoute(all),
    allSourcesRoute({
      ...all,
      brokerOf: (source) => intake?.sources.brokerOf(source) ?? null,
    }),
    ...templateRoutes(all),
    tryFilterRoute(all),
    ...(deps.addressTrial ? [tryAddressRoute({ trial: deps.addressTrial, clock })] : []),
    systemRoute({ ...all, ...settings }),
    ...(deps.diagnose ? [doctorRoute(deps.diagnose, clock)] : []),
    sourceSessionsRoute(all),
    seriesRoute(all),
    ...(live ? [streamRoute({ ...all, live })] : []),
    ...backgroundTaskRoutes(db),
    ...replayRoutes(all),
    ...bulkReplayRoutes(all),
    ...expungeRoutes(all),
    ...operationalWebhookRoutes(all),
    ...(intake
      ? sourceRoutes({
          ...all,
          sources: intake.sources,
          flushCounts: async () => await intake.counters.flush(),
        })
      : []),
    ...keyRoutes(all.keys),
    ...tenantRoutes(all.tenants, all.keys),
    ...managementRoutes(all),
    ...environmentRoutes(all),
    auditRoute(db),
    ...privacyRoutes({ ...all, hashes: createPersonHashes(deps.personKeys) }),
    ...healthRoutes(deps.health),
  ]
}
