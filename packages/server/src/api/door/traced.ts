import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { HttpMetrics } from '../../observe/telemetry/http-metrics.ts'
import type { RequestSpan, RequestTracing } from '../../observe/telemetry/traces.ts'

/** Asked every few seconds by whoever watches a node; nobody looks for them in traces. */
const probes = new Set(['/livez', '/readyz', '/metrics', '/api/v1/health', '/api/v1/health/ping'])

/** Every request to a route is a span, under the producer's where it names one, and is counted by its duration. */
export function traceRequests(
  app: FastifyInstance,
  requests: RequestTracing | undefined,
  metrics: HttpMetrics | undefined,
): void {
  if (requests === undefined && metrics === undefined) return
  const spans = new WeakMap<FastifyRequest, RequestSpan>()
  app.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request)
    const span = route && requests?.begin(factsOf(request, route), request.headers)
    if (!span) return done()
    spans.set(request, span)
    return span.run(done)
  })
  // Reading the body left the request's context behind.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request)
    if (span) span.run(done)
    else done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    spans.get(request)?.end(reply.statusCode)
    const route = routeOf(request)
    if (route !== undefined)
      metrics?.server(
        { method: request.method, route, scheme: request.protocol },
        reply.statusCode,
        reply.elapsedTime,
      )
    done()
  })
}

/** As it is mounted; undefined for pages, probes and what there is no route for. */
function routeOf({ routeOptions: { url } }: FastifyRequest): string | undefined {
  return url === undefined || probes.has(url) ? undefined : url
}

function factsOf(request: FastifyRequest, route: string) {
  return {
    method: request.method,
    route,
    scheme: request.protocol,
    host: request.hostname || undefined,
    client: request.ip,
    agent: request.headers['user-agent'],
    id: request.id,
  }
}
