import { tlsProblems } from '../../core/certificate.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { ClientCredentials, EndpointAuth, EndpointTls } from '../../core/endpoint-access.ts'
import { invalid } from '../../core/error.ts'
import { checkSettings, lengthProblem, type Problem, type Problems } from '../checks.ts'
import { say } from '../../core/sentences/sentences.ts'

/** How `tls` is changed: what is left out stays, since nobody can read it to send it along; null takes it away. */
export type TlsChange = { [Part in keyof EndpointTls]?: string | null }

/** Grant and client are said by the fields beside them. */
const ownParams = new Set(['grant_type', 'client_id', 'client_secret', 'scope'])

/** @param tokenUrlProblem of the address guard, where there is such a URL */
export function authProblems(auth: EndpointAuth, tokenUrlProblem: Problem): Problems {
  if (auth.type === 'bearer')
    return [['token', words(auth.token, 8_192, /^[\x21-\x7e]+$/, 'one_to_visible')]]
  if (auth.type === 'basic')
    return [
      ['username', words(auth.username, 1_024, /^[^\p{Cc}:]+$/u, 'one_to_without_colon')],
      ['password', words(auth.password, 1_024, /^\P{Cc}+$/u)],
    ]
  return [
    ['tokenUrl', tokenUrlProblem],
    ['clientId', words(auth.clientId, 1_024, /^\P{Cc}+$/u)],
    ['clientSecret', words(auth.clientSecret, 8_192, /^\P{Cc}+$/u)],
    ['scopes', scopesProblem(auth.scopes)],
    ['extraParams', paramsProblem(auth.extraParams)],
    ...Object.entries(auth.extraParams).map(
      ([name, value]) => [['extraParams', name], lengthProblem(value, 4_096)] as const,
    ),
  ]
}

function words(
  text: string,
  max: number,
  pattern: RegExp,
  rule: 'one_to_visible' | 'one_to_without_colon' | 'one_to_characters' = 'one_to_characters',
): Problem {
  if (text.length <= max && pattern.test(text)) return lengthProblem(text, max)
  return say(rule, { max })
}

function scopesProblem(scopes: ClientCredentials['scopes']): Problem {
  if (scopes.length > 100) return say('entries_at_most', { limit: 100 })
  const wrong = scopes.find((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(scope))
  return wrong === undefined ? undefined : say('scope_form')
}

function paramsProblem(params: ClientCredentials['extraParams']): Problem {
  const names = Object.keys(params)
  if (names.length > 20) return say('entries_at_most', { limit: 20 })
  const own = names.find((name) => ownParams.has(name))
  if (own !== undefined) return say('own_parameter', { name: own })
  for (const name of names) {
    if (name === '') return say('unnamed_parameter')
    const problem = lengthProblem(name, 256)
    if (problem !== undefined) return { ...problem, msg: `"${name.slice(0, 64)}" ${problem.msg}` }
  }
  return undefined
}

type Access = Pick<Endpoint, 'url' | 'headers' | 'auth' | 'tls'>

/** `tls` as it is after the change; null where nothing is left of it. */
export function changedTls(
  before: EndpointTls | null,
  change: TlsChange | null | undefined,
): EndpointTls | null {
  if (change === undefined) return before
  if (change === null) return null
  const entries = Object.entries({ ...before, ...change }).filter(([, text]) => text != null)
  return entries.length === 0 ? null : (Object.fromEntries(entries) as EndpointTls)
}

/** Throws a 422 where what the endpoint would have together does not go together. */
export function checkAccess(
  next: Access,
  given: { [Part in keyof Access]?: unknown },
  nowMs: number,
): void {
  const { url, headers, auth, tls } = next
  if (given.tls != null && tls !== null)
    checkSettings({ tls }, { tls: (parts) => tlsProblems(parts, nowMs) })
  if (tls !== null && (given.tls !== undefined || given.url !== undefined))
    if (!/^(?:https|amqps|rediss|mqtts|tls|postgres):/i.test(url))
      throw invalid(['body', given.tls === undefined ? 'url' : 'tls'], say('certificates_need_tls'))
  if (auth === null || (given.auth === undefined && given.headers === undefined)) return
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization'))
    throw invalid(
      ['body', given.auth === undefined ? 'headers' : 'auth'],
      say('auth_beside_header'),
    )
}
