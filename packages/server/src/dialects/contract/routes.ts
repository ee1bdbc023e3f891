/**
 * The requests of a dialect: it is found out who asks, a handler gives the body of the answer, and it is sent as JSON
 * with the status 200.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { z } from 'zod'
import type { Caller } from './caller.ts'
import type { DialectRoutes } from './dialect.ts'
import type { DialectPorts } from './ports.ts'
import { bearer, type PresentedKey, readQuery, sendJson, takesQuery } from './request.ts'

/** An answer with another status, or whose body is JSON text already; null: it has none. */
export class Answer {
  readonly status: number
  readonly text: string | null

  constructor(status: number, text: string | null) {
    this.status = status
    this.text = text
  }
}

/** `{error, code}`, and what is wrong with which field. */
export const errorRefusal: DialectRoutes['refusal'] = ({ code, message, problems }) => ({
  error: message,
  code,
  ...(problems.length > 0 && { problems }),
})

export const noContent = new Answer(204, null)

export function created(body: unknown): Answer {
  return new Answer(201, JSON.stringify(body))
}

type Handler<Who> = (who: Who, request: FastifyRequest) => Promise<unknown>

export type Routes<Who = Caller> = ReturnType<typeof routesFor<Who>>

/** @param whoOf the caller, or what else all of these requests begin with; throws where it refuses them */
export function routesFor<Who>(
  app: FastifyInstance,
  whoOf: (request: FastifyRequest) => Promise<Who>,
) {
  const add = (method: HTTPMethods, url: string, handle: Handler<Who>, options: object) => {
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const answer = await handle(await whoOf(request), request)
      if (!(answer instanceof Answer)) return sendJson(reply, 200, answer)
      reply.code(answer.status)
      if (answer.text === null) return reply.send()
      return reply.type('application/json; charset=utf-8').send(answer.text)
    }
    app.route({ method, url, handler, ...options })
  }
  const on = (method: HTTPMethods) => (path: string, handle: Handler<Who>) =>
    add(method, path, handle, {})
  return {
    get: on('GET'),
    post: on('POST'),
    put: on('PUT'),
    patch: on('PATCH'),
    delete: on('DELETE'),
    /** A GET that reads its query; of all other requests every parameter is refused. */
    query<Schema extends z.ZodType>(
      path: string,
      schema: Schema,
      handle: (who: Who, query: z.output<Schema>, request: FastifyRequest) => Promise<unknown>,
    ): void {
      const read: Handler<Who> = async (who, request) =>
        await handle(who, readQuery(schema, request), request)
      add('GET', path, read, takesQuery)
    },
  }
}

/** Of requests that bring a key; unless said otherwise, as Bearer. */
export function keyedRoutes(
  app: FastifyInstance,
  ports: DialectPorts,
  key: PresentedKey = bearer,
): Routes {
  return routesFor(app, async (request) => await ports.authenticate(key.of(request), key))
}
