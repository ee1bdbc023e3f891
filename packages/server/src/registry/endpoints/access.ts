import { tlsProblems } from '../../core/certificate.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import type { ClientCredentials, EndpointAuth, EndpointTls } from '../../core/endpoint-access.ts'
import { invalid } from '../../core/error.ts'
import { checkSettings, lengthProblem, type Problem, type Problems } from '../checks.ts'

/** How `tls` is changed: what is left out stays, since nobody can read it to send it along; null takes it away. */
export type TlsChange = { [Part in keyof EndpointTls]?: string | null }

/** Grant and client are said by the fields beside them. */
const ownParams = new Set(['grant_type', 'client_id', 'client_secret', 'scope'])

/** @param tokenUrlProblem of the address guard, where there is such a URL */
export function authProblems(auth: EndpointAuth, tokenUrlProblem: Problem): Problems {
  if (auth.type === 'bearer')
    return [['token', words(auth.token, 8_192, /^[\x21-\x7e]+$/, 'visible ASCII characters')]]
  if (auth.type === 'basic')
    return [
      ['username', words(auth.username, 1_024, /^[^\p{Cc}:]+$/u, 'characters without a colon')],
      ['password', words(auth.password, 1_024, /^\P{Cc}+$/u, 'characters')],
    ]
  return [
    ['tokenUrl', tokenUrlProblem],
    ['clientId', words(auth.clientId, 1_024, /^\P{Cc}+$/u, 'characters')],
    ['clientSecret', words(auth.clientSecret, 8_192, /^\P{Cc}+$/u, 'characters')],
    ['scopes', scopesProblem(auth.scopes)],
    ['extraParams', paramsProblem(auth.extraParams)],
    ...Object.entries(auth.extraParams).map(
      ([name, value]) => [['extraParams', name], lengthProblem(value, 4_096)] as const,
    ),
  ]
}

function words(text: string, max: number, pattern: RegExp, allowed: string): Problem {
  if (text.length <= max && pattern.test(text)) return lengthProblem(text, max)
  return `must be 1 to ${max} ${allowed}`
}

function scopesProblem(scopes: ClientCredentials['scopes']): Problem {
  if (scopes.length > 100) return `has ${scopes.length} entries, at most 100 are allowed`
  const wrong = scopes.find((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(scope))
  return wrong === undefined
    ? undefined
    : 'holds one that is no scope: 1 to 256 visible ASCII characters without quote and backslash'
}

function paramsProblem(params: ClientCredentials['extraParams']): Problem {
  const names = Object.keys(params)
  if (names.length > 20) return `has ${names.length} entries, at most 20 are allowed`
  const own = names.find((name) => ownParams.has(name))
  if (own !== undefined) return `may not hold "${own}", which Pombo sets itself`
  for (const name of names) {
    if (name === '') return '"" has an empty name'
    const problem = lengthProblem(name, 256)
    if (problem !== undefined) return `"${name.slice(0, 64)}" ${problem.msg}`
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
      throw invalid(
        ['body', given.tls === undefined ? 'url' : 'tls'],
        'certificates need an https: URL, or a destination by TLS; change the URL, or take tls out (null)',
      )
  if (auth === null || (given.auth === undefined && given.headers === undefined)) return
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization'))
    throw invalid(
      ['body', given.auth === undefined ? 'headers' : 'auth'],
      'auth and a header Authorization exclude each other; take one of them out',
    )
}
