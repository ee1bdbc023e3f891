import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Actor, actingAs, onBehalfOf } from '../core/acting.ts'
import { PomboError, relocated } from '../core/error.ts'
import { unauthenticated } from '../core/key-form.ts'
import { refuseUnstorable } from '../core/unstorable.ts'
import { type MaybeLater, whenThere } from '../core/when-there.ts'
import { bearerOf, type Holder, nobody, permit, type Presented } from './access.ts'
import { refuseForged, sessionTokens } from './auth/session/cookie.ts'
import { type JsonBody, noBody } from './body.ts'
import { read } from '../core/read.ts'
import { asWritten } from '../core/known.ts'
import { queryOf } from './query.ts'
import { type Idempotency, keyOf, requestHash } from './idempotency/idempotency.ts'
import { requireRole, roleOf } from './roles.ts'
import type { Answer, AnyCall, Route } from './route.ts'

/** What serving a route needs of the rest. */
export interface Gate {
  present(key: string): MaybeLater<Presented>
  presentSession(token: string): Promise<Presented>
  serverUrl(): string
  /** `app_…` or uid → uuid. */
  appIdOf: (tenantId: string, idOrUid: string) => MaybeLater<string | undefined>
  operatorTenantId(): Promise<string | undefined>
  /** The same answer to the same key. */
  once: Idempotency['once']
  /** Ends when the node stops: connections that stay are to be closed then. */
  stopping: AbortSignal
}

/** Puts the routes on the server. The order of refusals: who are you, may you, is it there, does it read. */
export function mount(app: FastifyInstance, routes: readonly Route[], gate: Gate): void {
  for (const one of routes) {
    app.route({
      method: one.method,
      url: one.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) => serve(one, gate, request, reply),
    })
  }
}

async function serve(
  route: Route,
  gate: Gate,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const identified = identify(route, gate, request)
  const holder = identified instanceof Promise ? await identified : identified
  const params = route.params === undefined ? undefined : read(route.params, request.params, 'path')
  const resolved = resolveApp(route, gate, holder, params)
  const appId = resolved instanceof Promise ? await resolved : resolved
  const query = read(route.query ?? nothing, queryOf(route.query, request.query), 'query')
  const body = (request.body as JsonBody | undefined) ?? noBody
  const parsed = byTheirNames(route, body, () => readBody(route, body))
  const idempotencyKey =
    route.method === 'POST' ? keyOf(request.headers['idempotency-key']) : undefined
  const call: AnyCall = {
    params,
    query,
    body: parsed,
    text: body.text,
    holder,
    appId,
    scope: { tenantId: holder.tenantId, appId },
    idempotencyKey,
    request,
    reply,
  }
  const work = (): MaybeLater<Answer> =>
    actingAs(actorOf(holder, request), () => route.handle(call))
  let answer: Answer
  try {
    answer =
      idempotencyKey === undefined || route.idempotency === 'own' || route.access === 'open'
        ? await work()
        : await gate.once(
            {
              tenantId: holder.tenantId,
              appId: holder.appId,
              key: idempotencyKey,
              // A slash at the end of the path makes no other request of it.
              hash: requestHash(request.url.replace(/\/(?=\?|$)/, ''), body.text),
            },
            async () => await work(),
          )
  } catch (error) {
    throw route.method === 'GET' ? error : asGiven(route, body, error)
  }
  return send(reply, answer)
}

/** For the audit log, and for what only some may see. */
function actorOf({ keyId, role }: Holder, request: FastifyRequest): Actor {
  const someone = onBehalfOf(request.headers['x-pombo-actor'])
  const actor: Actor = { role }
  if (keyId !== '') actor.keyId = keyId
  if (someone !== undefined) actor.onBehalfOf = someone
  return actor
}

function identify(route: Route, gate: Gate, request: FastifyRequest): MaybeLater<Holder> {
  if (route.access === 'open') return nobody
  return whenThere(credential(gate, request), (presented) => {
    if (!presented.known) throw unauthenticated(presented.reason)
    const { holder } = presented
    const operator = route.access === 'operator' ? gate.operatorTenantId() : undefined
    return whenThere(operator, (operatorTenantId) => {
      permit(route.access, holder, operatorTenantId, route.use)
      requireRole(holder.role, roleOf(route))
      return holder
    })
  })
}

type Doors = Pick<Gate, 'present' | 'presentSession' | 'serverUrl'>

/** A key in the Authorization header, or else the cookie of somebody who signed in. */
export function credential(gate: Doors, request: FastifyRequest): MaybeLater<Presented> {
  const { authorization, cookie } = request.headers
  const tokens = authorization === undefined ? sessionTokens(cookie) : []
  if (tokens.length === 0) return gate.present(bearerOf(authorization))
  return signedIn(gate, request, tokens)
}

async function signedIn(
  gate: Doors,
  request: FastifyRequest,
  tokens: readonly string[],
): Promise<Presented> {
  let refused: Presented | undefined
  for (const token of tokens) {
    const presented = await gate.presentSession(token)
    if (presented.known) {
      refuseForged(request, token, gate.serverUrl())
      return presented
    }
    refused ??= presented
  }
  return refused!
}

/** A token for one app finds no other: to it they do not exist. */
function resolveApp(route: Route, gate: Gate, holder: Holder, params: unknown): MaybeLater<string> {
  if (route.app === 'any' || typeof params !== 'object' || params === null || !('app_id' in params))
    return ''
  const shown = String(params.app_id)
  return whenThere(gate.appIdOf(holder.tenantId, shown), (appId) => {
    if (appId === undefined || (holder.appId !== null && holder.appId !== appId))
      throw new PomboError('not_found', { what: 'app', id: shown })
    return appId
  })
}

/** A path without parameters or without a body takes none: what is sent all the same would be ignored. */
const nothing = z.object({})

function readBody(route: Route, body: JsonBody): unknown {
  if (route.body === undefined) {
    // Clients send `{}` or null where there is nothing to say.
    read(nothing, body.value ?? {}, 'body')
    return undefined
  }
  refuseUnstorable(body, route.apart)
  return read(route.body, body.value, 'body')
}

function byTheirNames<T>(route: Route, body: JsonBody, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw asGiven(route, body, error)
  }
}

/** A refusal names fields as the caller did. */
function asGiven({ body: schema }: Route, body: JsonBody, error: unknown): unknown {
  if (schema === undefined) return error
  return relocated(error, ([where, ...loc]) =>
    where === 'body' ? ['body', ...asWritten(schema, body.value, loc)] : [where!, ...loc],
  )
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.taken === true) return reply
  void reply.code(answer.status)
  if (answer.text === undefined) return reply.send()
  return reply.type('application/json; charset=utf-8').send(answer.text)
}
