import type { FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { Endpoint } from '../core/endpoint.ts'
import type { PomboError } from '../core/error.ts'
import type { Accepted, IncomingMessage } from '../core/message.ts'
import type { MaybeLater } from '../core/when-there.ts'
import type { Payloads } from '../db/payload.ts'
import type { Pool } from '../db/pool.ts'
import type { AppRoutes } from '../registry/cache/routes.ts'
import type { Registry } from '../registry/registry.ts'
import type { Presented } from './access.ts'
import type { CheckPayload } from './event-types/payload-check.ts'
import type { QueuePictures } from './overview/queue.ts'
import type { Arrivals } from './pollers/arrivals.ts'
import type { Reads } from './reads.ts'

/** What routes stand on. */
export interface RouteDeps extends Omit<Registry, 'cache' | 'sessions' | 'integrations'> {
  registry: Registry
  db: Pool
  /** Lists of what is kept, and statistics, are read here. */
  reads: Reads
  clock: Clock
  payloads: Payloads
  queue: QueuePictures
  arrivals: Arrivals
  /** `app_…` or uid → uuid. */
  appIdOf: (tenantId: string, idOrUid: string) => MaybeLater<string | undefined>
  /** The app's endpoints, as they are now. */
  endpointsOf: (tenantId: string, appId: string) => Promise<Endpoint[]>
  routesOf: (tenantId: string, appId: string) => Promise<AppRoutes | undefined>
  accept: (message: IncomingMessage) => Promise<Accepted>
  acceptMany: (messages: IncomingMessage[]) => Promise<(Accepted | PomboError)[]>
  checkPayload: CheckPayload
  /** Work of the endpoint may be due now that was not before. */
  wake: (endpointId: string) => void
  /** Base URL under which people reach this Pombo. */
  serverUrl: () => string
  operatorTenantId: () => Promise<string | undefined>
  /** Who the request comes from, asked again while it lasts. */
  credential: (request: FastifyRequest) => Promise<Presented>
  /** Ends when the node stops. */
  stopping: AbortSignal
  /** Days that messages are kept where a tenant says nothing else. */
  retentionDays: number
  version: string
}

/** Those that a route names. */
export type Needs<Name extends keyof RouteDeps> = Pick<RouteDeps, Name>
