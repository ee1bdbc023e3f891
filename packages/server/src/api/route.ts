import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { AppScope } from '../registry/apps/app.ts'
import type { Access, Holder, RouteUse } from './access.ts'
import { type OwnParameters, type ParamsOf, paramsOf } from './path.ts'

/**
 * A path of the API as a value: what it takes, what it answers, who may call it, and what it does. The same table is
 * mounted on the server and printed as the OpenAPI document, so that the two cannot differ.
 */
export interface Route extends Described {
  method: Method
  /** As OpenAPI writes it: `/api/v1/app/{app_id}`. */
  path: string
  /** Open also to tokens that may do this alone; what they reach is for the handler to see to. */
  use: RouteUse | undefined
  /** What a path's `{app_id}` must name before the handler runs; `any` leaves it to the handler. */
  app: 'existing' | 'any'
  params: z.ZodObject | undefined
  query: z.ZodObject | undefined
  body: z.ZodType | undefined
  /** A member of the body that the handler looks into itself for text that cannot be stored. */
  apart: string | undefined
  /** `stored`: the answer to a POST with an Idempotency-Key is kept and given again. `own`: the handler sees to it. */
  idempotency: 'stored' | 'own'
  answers: Record<number, AnswerShape>
  handle(call: AnyCall): Promise<Answer> | Answer
}

/** What every description of a path says. */
export interface Described {
  /** OpenAPI's operationId. */
  id: string
  tag: string
  summary: string
  description?: string | undefined
  access: Access
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface AnswerShape {
  description: string
  body?: z.ZodType
  /** JSON unless it is said. */
  mediaType?: string
}

/** What a handler gets: everything is read and checked. */
export interface Call<Params, Query, Body> {
  params: Params
  query: Query
  body: Body
  /** The body's exact text. */
  text: string
  /** Who calls; of no tenant on open paths. */
  holder: Holder
  /** The uuid of the app that the path names, within the caller's scope; empty where the path names none. */
  appId: string
  /** The same app, with its tenant. */
  scope: AppScope
  idempotencyKey: string | undefined
  request: FastifyRequest
  reply: FastifyReply
}

export type AnyCall = Call<unknown, unknown, unknown>

export interface Answer {
  status: number
  /** JSON text. */
  text?: string
  /** The handler has taken the connection, and answers by itself. */
  taken?: true
}

export function json(status: number, body: unknown): Answer {
  return { status, text: JSON.stringify(body) }
}

export const empty: Answer = { status: 204 }

/** In descriptions. */
export const cloudOnly = "In Svix's cloud only; its open-source server has no such path."

type Output<Schema extends z.ZodType | undefined> = Schema extends z.ZodType
  ? z.output<Schema>
  : undefined

interface Definition<
  At extends `${Method} /${string}`,
  Query extends z.ZodObject | undefined,
  Body extends z.ZodType | undefined,
> extends Described {
  /** Method and path. */
  at: At
  use?: RouteUse
  app?: 'existing' | 'any' | undefined
  params?: OwnParameters | undefined
  query?: Query | undefined
  body?: Body | undefined
  apart?: string | undefined
  idempotency?: 'stored' | 'own' | undefined
  answers: Record<number, AnswerShape>
  handle(call: Call<ParamsOf<At>, Output<Query>, Output<Body>>): Promise<Answer> | Answer
}

/** Defines a route; the handler's call has the types of its path and schemas. */
export function route<
  At extends `${Method} /${string}`,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>({ at, ...definition }: Definition<At, Query, Body>): Route {
  const [method, path] = at.split(' ') as [Method, string]
  return {
    ...definition,
    method,
    path,
    app: definition.app ?? 'existing',
    idempotency: definition.idempotency ?? 'stored',
    apart: definition.apart,
    use: definition.use,
    params: paramsOf(path, definition.params),
    query: definition.query,
    body: definition.body,
    // `serve` reads the parts by these same schemas, which the erased type can no longer say.
    handle: (call) => definition.handle(call as Call<ParamsOf<At>, Output<Query>, Output<Body>>),
  }
}
