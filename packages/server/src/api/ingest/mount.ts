import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PomboError } from '../../core/error.ts'
import type { GatewayAnswer } from '../../sources/gateway/gateway.ts'
import type { Intake, IntakeRequest } from '../../sources/intake/intake.ts'
import { presentedKeys, readQueryToken } from '../../sources/intake/token.ts'
import { notOfferedAt } from '../not-offered.ts'
import { errorAnswer } from '../error-answer.ts'

export interface IngestMountDeps {
  intake: Intake
  maxBodyBytes: number
  /** As senders call this server. */
  serverUrl: () => string
  log: { error(fields: object, message: string): void }
}

const urls = ['/ingest/:gateway', '/ingest/:gateway/:session', '/ingest/:gateway/:session/:event']

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
    for (const url of urls) {
      plugin.get<{ Params: IngestPath }>(url, async (request, reply) => {
        refuseElsewhere(request)
        const given = { ...aboutOf(request, deps.serverUrl()), rawBody: Buffer.alloc(0) }
        return await sendAnswer(reply, await deps.intake.challenge(given))
      })
      plugin.post<{ Params: IngestPath }>(url, async (request, reply) => {
        refuseElsewhere(request)
        const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const given = { ...aboutOf(request, deps.serverUrl()), rawBody }
        const taken = await deps.intake.take(given)
        const answer = await deps.intake.answer(given)
        if (answer === undefined)
          return await reply.type('application/json; charset=utf-8').send(JSON.stringify(taken))
        return await sendAnswer(reply, answer)
      })
    }
  })
}

/** Svix's own Ingest has its paths under ours; no gateway is called so. */
function refuseElsewhere({ params, url }: FastifyRequest): void {
  const { gateway } = params as IngestPath
  const elsewhere = gateway === 'api' ? notOfferedAt(url.split('?')[0]!) : undefined
  if (elsewhere !== undefined) throw elsewhere
}

async function sendAnswer(
  reply: FastifyReply,
  { status, type, body }: GatewayAnswer,
): Promise<FastifyReply> {
  if (type !== undefined) void reply.type(`${type}; charset=utf-8`)
  return await reply.code(status).send(body)
}

/** Of several parameters of one name the first. */
function queryOf(request: FastifyRequest): Record<string, string | undefined> {
  const given = Object.entries(request.query as Record<string, string | string[]>)
  return Object.fromEntries(given.map(([name, value]) => [name, [value].flat()[0]]))
}

/** Everything but the body. */
function aboutOf(request: FastifyRequest, serverUrl: string): Omit<IntakeRequest, 'rawBody'> {
  const { gateway, session, event } = request.params as IngestPath
  const query = queryOf(request)
  const { token, event: trailing } = readQueryToken(query['token'])
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  )
  return {
    method: request.method,
    url: serverUrl + request.url,
    query,
    address: request.ip,
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
      const { gateway, keys } = aboutOf(request, '')
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
