/** Reading the requests of dialects: bodies and queries by schema, keys from their headers. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { bearerForm, type KeyForm } from '../../core/key-form.ts'
import { read } from '../../core/read.ts'

/** A request's body: its exact text beside what it says, since payloads leave as they were written. */
export interface JsonBody {
  text: string
  value: unknown
}

export function bodyOf(request: FastifyRequest): JsonBody {
  return (request.body as JsonBody | undefined) ?? { text: '', value: undefined }
}

export function readBody<Schema extends z.ZodType>(
  schema: Schema,
  request: FastifyRequest,
): z.output<Schema> {
  return read(schema, bodyOf(request).value, 'body')
}

export function readQuery<Schema extends z.ZodType>(
  schema: Schema,
  request: FastifyRequest,
): z.output<Schema> {
  return read(schema, request.query, 'query')
}

declare module 'fastify' {
  interface FastifyContextConfig {
    takesQuery?: boolean
  }
}

/** Options of a route whose handler reads its query; of all others every parameter is refused. */
export const takesQuery = { config: { takesQuery: true } }

const nothing = z.object({})

/** For requests that nothing is read of: refuses parameters where the route takes none, and what a DELETE brings. */
export function refuseUnread(request: FastifyRequest): void {
  if (request.routeOptions.config.takesQuery !== true) readQuery(nothing, request)
  const { value = {} } = bodyOf(request)
  if (request.method === 'DELETE') read(nothing, value ?? {}, 'body')
}

/** A part of the path. */
export function param(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string | undefined>)[name] ?? ''
}

/** A whole number in a query; refused outside its bounds, not cut to them. */
export function wholeNumber(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,15}$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule)
}

/** An instant in a query: ISO 8601, or whole seconds or milliseconds since the epoch. Milliseconds once read. */
export const instant = z.string().transform((text, context): number => {
  if (/^\d{9,11}$/.test(text)) return Number(text) * 1000
  const ms = /^\d{12,14}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isFinite(ms)) return ms
  context.addIssue({ code: 'custom', message: 'must be a time such as 2026-01-31T09:30:00Z' })
  return z.NEVER
})

/** Where requests have their key, and how refusals call that. */
export interface PresentedKey extends KeyForm {
  of(request: FastifyRequest): string | undefined
}

export const bearer: PresentedKey = {
  says: '"Authorization: Bearer <key>", or "Authorization: <key>"',
  challenge: bearerForm.challenge,
  of: bearerKey,
}

export const basic: PresentedKey = {
  says: '"Authorization: Basic <base64 of any-name:key, or of the key alone>"',
  challenge: 'Basic realm="Pombo"',
  of: basicKey,
}

/** The key of `Authorization: Bearer <key>`, or of a bare `Authorization: <key>`; undefined where there is none. */
function bearerKey(request: FastifyRequest): string | undefined {
  return /^(?:Bearer +)?(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** The key of `Authorization: Basic …`: the password of any user, or what is encoded as a whole. */
function basicKey(request: FastifyRequest): string | undefined {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  return text.slice(text.indexOf(':') + 1) || undefined
}

/** A header that comes at most once. */
export function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

export function sendJson(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
}
