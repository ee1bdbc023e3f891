import type { Meter } from '@opentelemetry/api'
import type { Outcome } from '../../core/outcome.ts'
import { boundedLabel } from '../label.ts'
import { addressOf, errorTypeOfOutcome } from './attributes.ts'

/** The two figures that the semantic conventions for HTTP ask for; all others are those of /metrics. */
export interface HttpMetrics {
  /** A request to an endpoint. */
  client: (url: string, outcome: Outcome) => void
  /** A request that came in. */
  server: (
    request: { method: string; route: string; scheme: string },
    statusCode: number,
    durationMs: number,
  ) => void
}

/** The conventions' own, in seconds. */
const explicitBucketBoundaries = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]
/** Each is a time series of every status; beyond that many hosts they are `other`. */
const maxHosts = 200

export function createHttpMetrics(meter: Meter): HttpMetrics {
  const options = { unit: 's', advice: { explicitBucketBoundaries } }
  const client = meter.createHistogram('http.client.request.duration', {
    description: 'Duration of requests to endpoints.',
    ...options,
  })
  const server = meter.createHistogram('http.server.request.duration', {
    description: 'Duration of requests that came in.',
    ...options,
  })
  const host = boundedLabel(maxHosts)
  return {
    client(url, outcome) {
      const { 'server.address': address, 'server.port': port } = addressOf(url)
      const bounded = host(address ?? 'none')
      client.record(outcome.durationMs / 1_000, {
        'http.request.method': 'POST',
        'server.address': bounded,
        ...(bounded !== 'other' && port !== undefined && { 'server.port': port }),
        ...('statusCode' in outcome &&
          outcome.statusCode !== null && { 'http.response.status_code': outcome.statusCode }),
        ...(outcome.kind !== 'delivered' && { 'error.type': errorTypeOfOutcome(outcome) }),
      })
    },
    server({ method, route, scheme }, statusCode, durationMs) {
      server.record(durationMs / 1_000, {
        'http.request.method': method,
        'http.route': route,
        'url.scheme': scheme,
        'http.response.status_code': statusCode,
        ...(statusCode >= 500 && { 'error.type': String(statusCode) }),
      })
    },
  }
}
