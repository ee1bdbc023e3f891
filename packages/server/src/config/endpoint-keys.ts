import { optionalSetting, setting, type SettingGroup } from '../core/setting.ts'
import { duration, integer } from '../core/setting-kinds.ts'
import type { EndpointDefaults } from '../core/endpoint-defaults.ts'
import { pairs } from '../core/pairs-kind.ts'
import { headersProblem } from '../core/request-headers.ts'

/** Of endpoints where neither they nor their tenant say anything; schedule and deadline are the formats'. */
export const endpointKeys = {
  maxInFlight: setting('POMBO_MAX_IN_FLIGHT', integer(1, 1_000, 'requests', '50'), {
    default: '20',
    description:
      'Requests at a time to an endpoint, over all nodes, of endpoints that are made from now on and have no ' +
      '`maxInFlight`.',
  }),
  throttleRate: optionalSetting('POMBO_THROTTLE_RATE', integer(1, 65_535, 'requests', '50'), {
    defaultNote: 'no limit',
    description: 'Requests a second to an endpoint that has no `throttleRate`, over all nodes.',
  }),
  circuitFailures: optionalSetting('POMBO_CIRCUIT_FAILURES', integer(1, 10_000, '', '20'), {
    defaultNote: '10',
    description:
      'Failures in a row after which an endpoint is left alone for a while, where its `circuit` does not say it.',
  }),
  circuitPauseMs: optionalSetting(
    'POMBO_CIRCUIT_PAUSE_MS',
    duration(100, 86_400_000, { bareUnit: 'ms', example: '10s' }),
    { defaultNote: '5s', description: 'The first such pause; each further one is twice as long.' },
  ),
  circuitMaxPauseMs: optionalSetting(
    'POMBO_CIRCUIT_MAX_PAUSE_MS',
    duration(100, 86_400_000, { bareUnit: 'ms', example: '30m' }),
    { defaultNote: '10m', description: 'The longest such pause.' },
  ),
  endpointHeaders: optionalSetting('POMBO_ENDPOINT_HEADERS', pairs('header'), {
    defaultNote: 'none',
    description:
      "Headers that go along with every request to endpoints, beside the tenant's and the endpoint's own, which go " +
      'before them.',
    secret: true,
  }),
} satisfies SettingGroup

interface Values {
  maxInFlight?: number
  throttleRate?: number
  circuitFailures?: number
  circuitPauseMs?: number
  endpointHeaders?: Record<string, string>
  circuitMaxPauseMs?: number
}

/** As the registry takes them. */
export function serverDefaults(values: Values): EndpointDefaults {
  const { maxInFlight, throttleRate, circuitFailures, circuitPauseMs, circuitMaxPauseMs } = values
  const { endpointHeaders: headers } = values
  const circuit = {
    ...(circuitFailures !== undefined && { failuresToOpen: circuitFailures }),
    ...(circuitPauseMs !== undefined && { pauseMs: circuitPauseMs }),
    ...(circuitMaxPauseMs !== undefined && { maxPauseMs: circuitMaxPauseMs }),
  }
  return {
    ...(maxInFlight !== undefined && { maxInFlight }),
    ...(throttleRate !== undefined && { throttleRate }),
    ...(Object.keys(circuit).length > 0 && { circuit }),
    ...(headers && { headers }),
  }
}

/** Headers that Pombo or HTTP sets itself. */
export function endpointHeadersProblem({ endpointHeaders }: Values): string | undefined {
  const problem = endpointHeaders && headersProblem(endpointHeaders)
  return problem && `POMBO_ENDPOINT_HEADERS: ${problem}.`
}

export function circuitProblem({ circuitPauseMs, circuitMaxPauseMs }: Values): string | undefined {
  if (circuitPauseMs === undefined || circuitMaxPauseMs === undefined) return undefined
  return circuitMaxPauseMs < circuitPauseMs
    ? 'POMBO_CIRCUIT_MAX_PAUSE_MS is shorter than POMBO_CIRCUIT_PAUSE_MS; the longest pause cannot be.'
    : undefined
}
