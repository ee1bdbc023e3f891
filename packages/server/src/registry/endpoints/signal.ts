import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'

/** The operational events that changes of endpoints cause. */
export type EndpointEvent =
  | 'endpoint.created'
  | 'endpoint.updated'
  | 'endpoint.deleted'
  | 'endpoint.enabled'
  | 'endpoint.disabled'

/** Where it happened: UUIDs. */
export interface SignalledEndpoint {
  tenantId: string
  appId: string
  appUid: string | null
  appKind: 'app' | 'operational'
  endpointId: string
  endpointUid: string | null
}

export interface EndpointSignal {
  tenantId: string
  type: EndpointEvent
  data: Record<string, unknown>
}

/**
 * What to note in `signal`, with data as Svix has it; undefined for the operational endpoints themselves, which must not cause what they
 * are sent. `failingSinceMs` and `reason` belong to `endpoint.disabled`; Svix's schema wants `failSince` there even where a person did
 * it, so it is then the moment itself.
 */
export function endpointSignal(
  type: EndpointEvent,
  about: SignalledEndpoint,
  nowMs: number,
  disabled?: { failingSinceMs: number | null; reason: string; trigger: 'manual' | 'automatic' },
): EndpointSignal | undefined {
  if (about.appKind === 'operational') return undefined
  return {
    tenantId: about.tenantId,
    type,
    data: {
      appId: showId('app', about.appId),
      appUid: about.appUid,
      endpointId: showId('endpoint', about.endpointId),
      endpointUid: about.endpointUid,
      ...(disabled && {
        failSince: iso(disabled.failingSinceMs ?? nowMs),
        trigger: disabled.trigger,
        reason: disabled.reason,
      }),
    },
  }
}
