import { bareEndpoint } from '../../core/bare-endpoint.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { uuidv7 } from '../../core/id.ts'
import { kindOf } from '../../destinations/kinds.ts'
import type { EndpointSettings } from '../../registry/endpoints/settings.ts'

/** An endpoint as its settings would make it, to be looked at: nothing is checked, and nothing signs. */
export function draftOf(
  { tenantId, appId }: { tenantId: string; appId: string },
  { tls: _tls, secret: _secret, ...settings }: EndpointSettings,
  nowMs: number,
): Endpoint {
  const { destination = null } = settings
  const url = destination === null ? '' : kindOf(destination).address(destination)
  return {
    ...bareEndpoint({ id: uuidv7(nowMs), tenantId, appId, url, createdAtMs: nowMs }),
    ...settings,
  }
}
