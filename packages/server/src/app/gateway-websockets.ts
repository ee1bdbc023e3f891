import type { Clock } from '../core/clock.ts'
import type { Accepted, IncomingMessage } from '../core/message.ts'
import type { Pool } from '../db/pool.ts'
import { createSocketOpener } from '../deliver/send/websocket.ts'
import type { NodeLease } from '../queue/queue.ts'
import type { Registry } from '../registry/registry.ts'
import { GatewayWebsockets } from '../sources/gateway-websocket/gateway-websocket.ts'
import type { Security } from './security.ts'

interface Parts {
  pool: Pool
  clock: Clock
  registry: Registry
  lease: NodeLease
  accept: (message: IncomingMessage) => Promise<Accepted>
  log: (message: string, error: unknown) => void
}

/** The WebSockets of gateways that this node listens to, not yet started. */
export function openGatewayWebsockets(
  { seal, guard, egress }: Security,
  { registry, ...parts }: Parts,
): GatewayWebsockets {
  return new GatewayWebsockets({
    ...parts,
    seal,
    open: createSocketOpener(guard, egress),
    async sessionOf(tenant, appId) {
      const routes = await registry.cache.routes(tenant, appId)
      return routes && (routes.app.uid ?? appId)
    },
  })
}
