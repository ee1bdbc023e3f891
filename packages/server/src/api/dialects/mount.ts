import type { FastifyInstance } from 'fastify'
import { actingAs, onBehalfOf } from '../../core/acting.ts'
import type { DialectName } from '../../core/endpoint.ts'
import { problemsText } from '../../core/error.ts'
import { refuseUnstorable } from '../../core/unstorable.ts'
import type { Dialect } from '../../dialects/contract/dialect.ts'
import type { DialectPorts, Refusal } from '../../dialects/contract/ports.ts'
import { refuseUnread } from '../../dialects/contract/request.ts'
import type { JsonBody } from '../body.ts'
import { roleOfDialect } from '../roles.ts'
import { errorAnswer, type ErrorAnswer } from '../error-answer.ts'

/** The dialects, and what their routes stand on. */
export interface DialectPart {
  dialects: ReadonlyMap<DialectName, Dialect>
  ports: DialectPorts
}

export interface MountOptions {
  maxBodyBytes: number
  log: { error(fields: object, message: string): void }
}

/** Mounts each dialect's routes as a plugin of its own, whose errors have the dialect's form. */
export function mountDialects(
  app: FastifyInstance,
  { dialects, ports }: DialectPart,
  options: MountOptions,
): void {
  for (const { routes } of dialects.values()) {
    if (routes === undefined) continue
    void app.register(async (plugin) => {
      // Here and not before the body is read, whose events come under nobody's context. Who it is, the handler
      // finds out.
      plugin.addHook('preHandler', (request, _reply, done) => {
        const someone = onBehalfOf(request.headers['x-pombo-actor'])
        const needs = roleOfDialect(request.method, request.url)
        actingAs({ needs, ...(someone !== undefined && { onBehalfOf: someone }) }, done)
      })
      plugin.addHook('preHandler', async (request) => refuseUnread(request))
      plugin.addHook('preValidation', async (request) => {
        const body = request.body as Partial<JsonBody> | undefined
        if (typeof body?.text === 'string') refuseUnstorable(body as JsonBody)
      })
      plugin.setErrorHandler(async (error, request, reply) => {
        const answer = errorAnswer(error, {
          requestId: request.id,
          maxBodyBytes: options.maxBodyBytes,
        })
        if (answer.bug)
          options.log.error(
            { err: error, requestId: request.id, route: request.routeOptions.url },
            'a request failed',
          )
        return reply
          .code(answer.status)
          .headers(answer.headers)
          .type('application/json; charset=utf-8')
          .send(JSON.stringify(routes.refusal(refusalOf(answer))))
      })
      routes.mount(plugin, ports)
    })
  }
}

function refusalOf({ status, body }: ErrorAnswer): Refusal {
  if ('code' in body) return { status, code: body.code, message: body.detail, problems: [] }
  const problems = body.detail as Refusal['problems']
  const message = problemsText(problems)
  return { status, code: 'validation', message, problems }
}
