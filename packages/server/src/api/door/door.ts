import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** A producer's own id of a request, where it is one that a log line can bear. */
export function givenRequestId({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:+/=-]{1,128}$/.test(given) ? given : undefined
}

const exposed = 'x-request-id, retry-after, location'
const methods = 'GET, POST, PUT, PATCH, DELETE'
const DAY_SECONDS = '86400'

/**
 * What every answer carries: the id of its request, and for pages of the origins listed the leave to read it. Those
 * get no cookie: `access-control-allow-credentials` is never sent.
 */
export function mountDoor(
  app: FastifyInstance,
  corsOrigins: () => readonly string[] = () => [],
): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    const allowed = corsOrigins()
    if (allowed.length === 0) return done()
    // Also for the others, so that no cache gives one origin's answer to another.
    void reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || !allowed.includes(origin)) return done()
    void reply.header('access-control-allow-origin', origin)
    void reply.header('access-control-expose-headers', exposed)
    if (
      request.method !== 'OPTIONS' ||
      request.headers['access-control-request-method'] === undefined
    )
      return done()
    const asked = request.headers['access-control-request-headers']
    void reply.header('access-control-allow-methods', methods)
    if (asked !== undefined) void reply.header('access-control-allow-headers', asked)
    void reply.header('access-control-max-age', DAY_SECONDS)
    void reply.code(204).send()
    return undefined
  })
}
