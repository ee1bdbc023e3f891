import { createDialectPorts } from '../api/dialects/create-ports.ts'
import type { PortDeps } from '../api/dialects/ports.ts'
import { PomboError } from '../core/error.ts'
import { isAway, type Pool } from '../db/pool.ts'
import type { DialectPorts } from '../dialects/contract/ports.ts'
import type { Engine } from '../engine.ts'
import { createDevices } from '../sources/gateway-websocket/devices.ts'
import type { GatewayWebsockets } from '../sources/gateway-websocket/gateway-websocket.ts'
import type { Security } from './security.ts'

type Handed = 'clock' | 'registry' | 'dialects' | 'accept' | 'intake' | 'wake' | 'serverUrl'

interface Parts extends Pick<PortDeps, Handed | 'report'> {
  pool: Pool
  engine: Engine
  gatewayWebsockets: GatewayWebsockets
}

/** What the dialects' routes and background tasks stand on. */
export function openDialectPorts(
  { seal, payloads, urlProblem }: Security,
  { pool, engine, gatewayWebsockets, ...parts }: Parts,
): DialectPorts {
  return createDialectPorts({
    ...parts,
    db: pool,
    payloads,
    devices: createDevices({ pool, seal, changed: () => gatewayWebsockets.look() }),
    liveNodes: () => engine.lease.liveNodes,
    send: (request) => engine.send(request),
    urlProblem,
    isAway: (error) =>
      isAway(error) || (error instanceof PomboError && error.code === 'database_away'),
  })
}
