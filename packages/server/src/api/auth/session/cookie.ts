import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { PomboError } from '../../../core/error.ts'
import { say } from '../../../core/sentences/sentences.ts'

/** The header by which a page shows that a change is its own wish, and not another site's. */
export const csrfHeader = 'x-pombo-csrf'

/**
 * Signed in on a page of Pombo's own, and in a portal inside another site's page, which need not be the same person: a
 * browser keeps the second apart for each site that frames it.
 */
const names = { own: 'pombo_session', embedded: 'pombo_embedded' } as const

/** A session's token looks so; anything else in the cookie is not looked up. */
const tokenForm = /^[\w-]{43}$/

/** The tokens of a request's cookies; the embedded first. */
export function sessionTokens(header: string | undefined): string[] {
  if (header === undefined) return []
  const found = new Map(
    header.split(';').map((one) => {
      const [name = '', ...value] = one.trim().split('=')
      return [name, value.join('=')]
    }),
  )
  return [names.embedded, names.own]
    .map((name) => found.get(name) ?? '')
    .filter((token) => tokenForm.test(token))
}

/** `Set-Cookie` for a session that begins. Scripts never see it, and other sites never make a browser send it. */
export function sessionCookie(
  token: string,
  {
    embedded,
    secure,
    seconds,
    path,
  }: { embedded: boolean; secure: boolean; seconds: number; path: string },
): string {
  const [name, site] = embedded
    ? [names.embedded, 'SameSite=None; Secure; Partitioned']
    : [names.own, secure ? 'SameSite=Strict; Secure' : 'SameSite=Strict']
  return `${name}=${token}; Path=${path}; HttpOnly; ${site}; Max-Age=${Math.max(0, Math.floor(seconds))}`
}

/** `Set-Cookie`s that take both away. */
export const noSessionCookies = (path: string): string[] => [
  `${names.own}=; Path=${path}; HttpOnly; SameSite=Strict; Max-Age=0`,
  `${names.embedded}=; Path=${path}; HttpOnly; SameSite=None; Secure; Partitioned; Max-Age=0`,
]

/** Whether the person's connection is encrypted, as far as can be told: only a cookie's mark hangs on it. */
export function isSecure(request: FastifyRequest, serverUrl: string): boolean {
  const forwarded = String(request.headers['x-forwarded-proto'] ?? '')
    .split(',')[0]!
    .trim()
  return forwarded === 'https' || (forwarded === '' && serverUrl.startsWith('https:'))
}

/** What only a page that could read an answer of this session can know; made of it, so nothing is kept. */
export function csrfTokenOf(token: string): string {
  return hash('sha256', `csrf:${token}`, 'base64url')
}

/** Refuses what another site may have made the browser send. */
export function refuseForged(request: FastifyRequest, token: string, serverUrl: string): void {
  refuseOtherSites(request, serverUrl)
  if (request.method === 'GET' || request.method === 'HEAD') return
  const given = Buffer.from(String(request.headers[csrfHeader] ?? ''))
  const expected = Buffer.from(csrfTokenOf(token))
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new PomboError('forged_request', { detail: say('csrf_missing', { header: csrfHeader }) })
}

/** Browsers say where a request comes from, and no page can make them say anything else. */
export function refuseOtherSites({ headers }: FastifyRequest, serverUrl: string): void {
  const site = headers['sec-fetch-site']
  if (site !== undefined) {
    if (site === 'same-origin' || site === 'none') return
    throw new PomboError('forged_request', { detail: say('other_origin') })
  }
  const { origin } = headers
  if (origin === undefined) return
  const host = URL.canParse(origin) ? new URL(origin).host : ''
  const own = [headers.host, URL.canParse(serverUrl) ? new URL(serverUrl).host : undefined]
  if (!own.includes(host))
    throw new PomboError('forged_request', {
      detail: say('origin_is', { origin: origin.slice(0, 200) }),
    })
}
