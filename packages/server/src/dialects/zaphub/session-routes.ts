/** `/api/v1/sessions`: the document's sessions, made, read, changed, deleted. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { DialectPorts } from '../contract/ports.ts'
import { bearerKey, readBody, readQuery, sendJson, takesQuery } from '../contract/request.ts'
import { page, sessionOf } from './request.ts'
import {
  createSession,
  idOf,
  patchSession,
  sessionIn,
  sessionPatch,
  showSession,
} from './session.ts'
import type { ZaphubValues } from './settings.ts'

const sessions = '/api/v1/sessions'

const listQuery = z.object(page)

export function sessionRoutes(
  app: FastifyInstance,
  ports: DialectPorts,
  { queueConcurrency }: ZaphubValues,
): void {
  app.post(sessions, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const given = readBody(sessionIn, request)
    const session = await createSession(ports, caller, given, queueConcurrency)
    return sendJson(reply, 201, {
      success: true,
      data: await showSession(ports, session),
      message: 'Session created successfully',
    })
  })
  app.get(sessions, takesQuery, async (request, reply) => {
    const caller = await ports.authenticate(bearerKey(request))
    const { limit, offset } = readQuery(listQuery, request)
    const { rows, total } = await ports.apps.list(caller, { limit, offset })
    const data = await Promise.all(rows.map((row) => showSession(ports, row)))
    return sendJson(reply, 200, { success: true, data, pagination: { limit, offset, total } })
  })
  app.get(`${sessions}/:id`, async (request, reply) => {
    const { session } = await sessionOf(ports, request)
    return sendJson(reply, 200, {
      success: true,
      data: await showSession(ports, session),
      message: 'Session found',
    })
  })
  app.patch(`${sessions}/:id`, async (request, reply) => {
    const { caller, session } = await sessionOf(ports, request)
    const given = readBody(sessionPatch, request)
    const patched = await patchSession(ports, caller, session, given, queueConcurrency)
    return sendJson(reply, 200, {
      success: true,
      data: await showSession(ports, patched),
      message: 'Session updated successfully',
    })
  })
  app.delete(`${sessions}/:id`, async (request, reply) => {
    const { caller, session } = await sessionOf(ports, request)
    await ports.apps.delete(caller, session.id)
    return sendJson(reply, 200, {
      success: true,
      data: { id: idOf(session) },
      message: 'Session deleted successfully',
    })
  })
}
