/**
 * Pombo's public API, typed by its own OpenAPI document (`scripts/openapi.ts`). The session is a cookie that scripts
 * cannot read; what changes something carries the session's CSRF token too.
 */
import createClient, { type Middleware } from 'openapi-fetch'
import { basePath } from './base-path.ts'
import { answered, unanswered } from './connection.ts'
import { Problem, problemOf } from './problem.ts'
import type { paths } from './schema.d.ts'

let csrfToken: string | null = null
let onEnded: () => void = () => undefined

/** What the requests need to know of the session, and who is told when there is none any more. */
export function bindSession(token: string | null, ended: () => void): void {
  csrfToken = token
  onEnded = ended
}

const session: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && csrfToken !== null)
      request.headers.set('x-pombo-csrf', csrfToken)
    return request
  },
  onResponse({ response, schemaPath }) {
    answered()
    if (response.status === 401 && schemaPath !== '/api/v1/auth/session') onEnded()
    return response
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return
    unanswered()
    return new Problem({ status: 0, code: 'network', detail: String(error) })
  },
}

export const api = createClient<paths>({
  baseUrl: (globalThis.location?.origin ?? '') + basePath,
  credentials: 'same-origin',
  // Lists are written with commas; repeating the name works too.
  querySerializer: { array: { style: 'form', explode: false } },
})
api.use(session)

interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/** The answer's body, or a `Problem`. */
export async function ask<Data>(request: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await request
  if (response.ok) return data as Data
  throw problemOf(response, error)
}
