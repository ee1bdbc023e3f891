import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PomboError } from '../../core/error.ts'
import type { Intake, IntakeRequest } from '../../sources/intake/intake.ts'
import { presentedKeys, readQueryToken } from '../../sources/intake/token.ts'
import { notOfferedAt } from '../not-offered.ts'
import { errorAnswer } from '../error-answer.ts'

export interface IngestMountDeps {
  intake: Intake
  maxBodyBytes: number
  log: { error(fields: object, message: string): void }
}

interface IngestPath {
  gateway: string
  session?: string
  event?: string
}

/**
 * The URLs that gateways are pointed at. Bodies of any type are taken as bytes, since signatures are over them; what
 * they say is the sources' to find out. Answers are small: gateways look at the status alone.
 */
export function mountIngest(app: FastifyInstance, deps: IngestMountDeps): void {
  void app.register(async (plugin) => {
    plugin.removeAllContentTypeParsers()
    plugin.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) =>
      done(null, bytes),
    )
    answerErrors(plugin, deps)
    for (const url of [
      '/ingest/:gateway',
      '/ingest/:gateway/:session',
      '/ingest/:gateway/:session/:event',
    ])
      plugin.post<{ Params: IngestPath }>(url, async (request, reply) => {
        // Svix's own Ingest has its paths under ours; no gateway is called so.
        const elsewhere =
          request.params.gateway === 'api' ? notOfferedAt(request.url.split('?')[0]!) : undefined
        if (elsewhere !== undefined) throw elsewhere
        const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const taken = await deps.intake.take({ ...aboutOf(request), rawBody })
        return await reply.type('application/json; charset=utf-8').send(JSON.stringify(taken))
      })
  })
}

/** Everything but the body. */
function aboutOf(request: FastifyRequest): Omit<IntakeRequest, 'rawBody'> {
  const { gateway, session, event } = request.params as IngestPath
  const query = request.query as Record<string, unknown>
  const { token, event: trailing } = readQueryToken(query['token'])
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  )
  return {
    gateway,
    session: session ?? null,
    event: event ?? trailing,
    headers,
    keys: presentedKeys(headers, token),
  }
}

function answerErrors(
  plugin: FastifyInstance,
  { intake, maxBodyBytes, log }: IngestMountDeps,
): void {
  plugin.setErrorHandler(async (error, request, reply): Promise<FastifyReply> => {
    const answer = errorAnswer(error, { requestId: request.id, maxBodyBytes })
    if (answer.status === 413) {
      const { gateway, keys } = aboutOf(request)
      // Whoever may not send at all is not told about the size.
      const unknown = await intake.tooLarge({ gateway, keys }).catch((refusal: unknown) => refusal)
      if (unknown instanceof PomboError) throw unknown
    }
    if (answer.bug)
      log.error(
        { err: error, requestId: request.id, route: request.routeOptions.url },
        'a request of a gateway failed',
      )
    return await reply
      .code(answer.status)
      .headers(answer.headers)
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(answer.body))
  })
}
