/** What the requests of this dialect share. */
import type { FastifyInstance } from 'fastify'
import { PomboError } from '../../core/error.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'
import { bearer, param, wholeNumber } from '../contract/request.ts'
import { type Routes, routesFor } from '../contract/routes.ts'

/** Requests about the session that the path names, by whose key reaches it. */
export function sessionsOwn(
  app: FastifyInstance,
  ports: DialectPorts,
): Routes<{ caller: Caller; session: DialectApp }> {
  return routesFor(app, async (request) => {
    const caller = await ports.authenticate(bearer.of(request), bearer)
    const id = param(request, 'id')
    const session = await ports.apps.find(caller, id)
    if (!session) throw new PomboError('not_found', { what: 'session', id })
    return { caller, session }
  })
}

export function success(data: unknown, message: string): object {
  return { success: true, data, message }
}

/** The document's page: at most 100. The offset is bounded because rows before it are read and passed over. */
export const page = {
  limit: wholeNumber(1, 100).default(50),
  offset: wholeNumber(0, 10_000).default(0),
}
