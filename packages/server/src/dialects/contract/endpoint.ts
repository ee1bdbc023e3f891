import type { Endpoint } from '../../core/endpoint.ts'
import { PomboError } from '../../core/error.ts'
import type { DialectApp } from './caller.ts'
import type { DialectPorts, EndpointChanges } from './ports.ts'

type Fixed = Pick<EndpointChanges, 'dialect' | 'eventTypes' | 'ordering'> & { uid: string }

/**
 * Makes an endpoint. Where another request made it at the same time, the later settings count; `fixed` is set only
 * on creation.
 */
export async function makeEndpoint(
  { endpoints }: DialectPorts,
  app: DialectApp,
  fixed: Fixed,
  changes: EndpointChanges & { url: string },
): Promise<Endpoint> {
  return await endpoints.create(app, { ...changes, ...fixed }).catch(async (error: unknown) => {
    const taken = error instanceof PomboError && error.code === 'conflict'
    const other = taken ? await endpoints.find(app, fixed.uid) : undefined
    if (!other) throw error
    return await endpoints.patch(app, other.id, changes)
  })
}
