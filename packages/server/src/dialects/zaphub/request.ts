/** What the requests of this dialect share. */
import type { FastifyRequest } from 'fastify'
import { PomboError } from '../../core/error.ts'
import type { Caller } from '../contract/caller.ts'
import type { DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import { bearerKey, param, wholeNumber } from '../contract/request.ts'

/** The session that the path names, and whose key asks for it. */
export async function sessionOf(
  ports: DialectPorts,
  request: FastifyRequest,
): Promise<{ caller: Caller; session: DialectApp }> {
  const caller = await ports.authenticate(bearerKey(request))
  const id = param(request, 'id')
  const session = await ports.apps.find(caller, id)
  if (!session) throw new PomboError('not_found', { what: 'session', id })
  return { caller, session }
}

/** The document's page: at most 100. The offset is bounded because rows before it are read and passed over. */
export const page = {
  limit: wholeNumber(1, 100).default(50),
  offset: wholeNumber(0, 10_000).default(0),
}
