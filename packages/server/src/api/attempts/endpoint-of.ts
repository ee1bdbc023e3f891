import { bareEndpoint } from '../../core/bare-endpoint.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { PomboError } from '../../core/error.ts'
import { readId, uuidTimeMs } from '../../core/id.ts'
import type { Needs } from '../route-deps.ts'

/** What was tried, for whom, and how deliveries stand. */
export type AttemptDeps = Needs<'db' | 'reads' | 'payloads' | 'endpointsOf' | 'clock' | 'wake'>

/** The endpoint that a path names by its id or uid; throws the 404. */
export function pick(endpoints: readonly Endpoint[], idOrUid: string): Endpoint {
  const id = readId('endpoint', idOrUid)
  const found = endpoints.find((endpoint) =>
    id === undefined ? endpoint.uid === idOrUid : endpoint.id === id,
  )
  if (found === undefined) throw new PomboError('not_found', { what: 'endpoint', id: idOrUid })
  return found
}

/** What is left of an endpoint that is gone: its id, which says when it was made, and the address that was sent to. */
export function deletedEndpoint(
  { tenantId, appId }: { tenantId: string; appId: string },
  id: string,
  url: string | null,
): Endpoint {
  return {
    ...bareEndpoint({
      id,
      tenantId,
      appId,
      // Clients want one that reads as such; nothing was ever sent there, and it leads nowhere.
      url: url ?? 'https://deleted.invalid/',
      createdAtMs: uuidTimeMs(id),
    }),
    disabled: true,
    disabledReason: 'deleted',
  }
}
