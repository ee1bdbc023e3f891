import type { Endpoint } from '../../core/endpoint.ts'
import { PomboError } from '../../core/error.ts'
import { readId } from '../../core/id.ts'

/** The endpoint that a path names by its id or uid; throws the 404. */
export function pick(endpoints: readonly Endpoint[], idOrUid: string): Endpoint {
  const id = readId('endpoint', idOrUid)
  const found = endpoints.find((endpoint) =>
    id === undefined ? endpoint.uid === idOrUid : endpoint.id === id,
  )
  if (found === undefined) throw new PomboError('not_found', { what: 'endpoint', id: idOrUid })
  return found
}
