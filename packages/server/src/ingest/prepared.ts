import type { Endpoint } from '../core/endpoint.ts'
import type { Claim } from '../queue/queue.ts'
import type { Route } from '../route/route.ts'
import type { NewMessage } from './columns.ts'
import type { StoredMessage } from './observer.ts'
import { claimedMessage } from './stored-form.ts'

/** What ingest needs to know of an app: the registry's cache has it. */
export interface AppRoutes {
  app: Claim['app'] & {
    tenantId: string
    throttleRate: number | null
    tenantAcceptRate: number | null
    tenantPersonPaths: string[] | null
    tenantEncryptsPayloads: boolean
  }
  endpoints: Endpoint[]
  health: ReadonlyMap<string, { circuit: string }>
}

/** What travels with a message while it is being stored, to be handed off afterwards. */
export interface Prepared extends NewMessage, Pick<StoredMessage, 'source'> {
  routes: AppRoutes
  route: Route
}

/** An idempotency key and an event id together: if one of them is taken, the other must stay free. */
export function needsOwnStatement({ dedupe }: Prepared): boolean {
  return dedupe.length > 1 && dedupe.some(({ key }) => key.kind !== 'source')
}

export function newClaim(
  prepared: Prepared,
  endpoint: Endpoint,
  deliveryId: string,
  node: string,
): Claim {
  return {
    deliveryId,
    endpoint,
    app: prepared.routes.app,
    message: claimedMessage(prepared),
    payloadBytes: prepared.payloadBytes,
    attempt: 0,
    dueAtMs: prepared.message.createdAtMs,
    trigger: 0,
    ordered: false,
    leasedBy: node,
  }
}
