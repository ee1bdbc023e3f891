/** `/api/v1/sessions`: the document's sessions, made, read, changed, deleted. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { DialectPorts } from '../contract/ports.ts'
import { readBody } from '../contract/request.ts'
import { created, keyedRoutes } from '../contract/routes.ts'
import { page, sessionsOwn, success } from './request.ts'
import {
  createSession,
  idOf,
  patchSession,
  sessionIn,
  sessionPatch,
  showSession,
} from './session.ts'
import type { ZaphubValues } from './settings.ts'

export function sessionRoutes(
  app: FastifyInstance,
  ports: DialectPorts,
  { queueConcurrency }: ZaphubValues,
): void {
  const sessions = '/api/v1/sessions'
  const all = keyedRoutes(app, ports)
  all.post(sessions, async (caller, request) => {
    const given = readBody(sessionIn, request)
    const session = await createSession(ports, caller, given, queueConcurrency)
    return created(success(await showSession(ports, session), 'Session created successfully'))
  })
  all.query(sessions, z.object(page), async (caller, { limit, offset }) => {
    const { rows, total } = await ports.apps.list(caller, { limit, offset })
    const data = await Promise.all(rows.map((row) => showSession(ports, row)))
    return { success: true, data, pagination: { limit, offset, total } }
  })
  const one = sessionsOwn(app, ports)
  const path = `${sessions}/:id`
  one.get(path, async ({ session }) => success(await showSession(ports, session), 'Session found'))
  one.patch(path, async ({ caller, session }, request) => {
    const given = readBody(sessionPatch, request)
    const patched = await patchSession(ports, caller, session, given, queueConcurrency)
    return success(await showSession(ports, patched), 'Session updated successfully')
  })
  one.delete(path, async ({ caller, session }) => {
    await ports.apps.delete(caller, session.id)
    return success({ id: idOf(session) }, 'Session deleted successfully')
  })
}
