/**
 * Pombo's public API, typed by its own OpenAPI document (`scripts/openapi.ts`). The session is a cookie that scripts
 * cannot read; what changes something carries the session's CSRF token too.
 */
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

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type PathsOf<By extends Method> = {
  [Path in keyof paths]: paths[Path] extends Record<By, unknown> ? Path : never
}[keyof paths]
type Operation<By extends Method, Path extends PathsOf<By>> = paths[Path][By & keyof paths[Path]]
type Json<Of> = Of extends { content: { 'application/json': infer Body } } ? Body : undefined

/** What a path's names stand for, what is asked for, what is sent. */
type Given<Of> = (Of extends { parameters: infer Parameters } ? Parameters : unknown) &
  (Of extends { requestBody: infer Body }
    ? { body: Json<Body> | JsonText }
    : Of extends { requestBody?: infer Body }
      ? { body?: Json<Body> | JsonText }
      : unknown)
type GivenTo<Of> = object extends Given<Of> ? [given?: Given<Of>] : [given: Given<Of>]
type Answer<Of> = Of extends { responses: infer Responses }
  ? { [Status in keyof Responses]: Json<Responses[Status]> }[keyof Responses]
  : never

/** JSON that is sent to the letter. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** The answer's text; throws a `Problem` where it is a refusal, or none comes. */
export async function textOf<By extends Method, Path extends PathsOf<By>>(
  method: By,
  path: Path,
  ...[given]: GivenTo<Operation<By, Path>>
): Promise<string> {
  const { path: names = {}, query = {}, body } = (given ?? {}) as Record<string, object | undefined>
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(names[name as keyof typeof names])),
  )
  // A list is written with commas, which is what its text is.
  const asked = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  const search = asked.length === 0 ? '' : `?${asked.join('&')}`
  const response = await fetch(basePath + url + search, {
    method: method.toUpperCase(),
    credentials: 'same-origin',
    headers: {
      ...(method !== 'get' && csrfToken !== null && { 'x-pombo-csrf': csrfToken }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: body instanceof JsonText ? body.text : JSON.stringify(body) }),
  }).catch((error: unknown) => {
    unanswered()
    throw new Problem({ status: 0, code: 'network', detail: String(error) })
  })
  answered()
  if (response.status === 401 && path !== '/api/v1/auth/session') onEnded()
  const text = await response.text()
  if (!response.ok) throw problemOf(response, readable(text))
  return text
}

/** A proxy's page, which is no JSON, says nothing of Pombo. */
function readable(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const asks =
  <By extends Method>(method: By) =>
  async <Path extends PathsOf<By>>(
    path: Path,
    ...given: GivenTo<Operation<By, Path>>
  ): Promise<Answer<Operation<By, Path>>> => {
    const text = await textOf(method, path, ...given)
    return (text === '' ? undefined : JSON.parse(text)) as Answer<Operation<By, Path>>
  }

export const api = {
  get: asks('get'),
  post: asks('post'),
  put: asks('put'),
  patch: asks('patch'),
  delete: asks('delete'),
}
