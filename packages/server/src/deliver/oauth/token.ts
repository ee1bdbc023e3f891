// One question to a token endpoint (RFC 6749, section 4.4), and what its answer says in words.
import { basic, type ClientCredentials, type EndpointTls } from '../../core/endpoint-access.ts'
import type { Outcome } from '../../core/outcome.ts'
import { say } from '../../core/sentences/sentences.ts'
import type { SendRequest } from '../send/send.ts'

/** `problem` repeats nothing of what was sent or handed out. */
export type TokenAnswer =
  | { ok: true; token: string; lifeMs: number | undefined }
  | { ok: false; problem: string }

const answerBytes = 64 * 1024

export function tokenRequest(
  from: ClientCredentials,
  tls: EndpointTls | undefined,
  timeoutMs: number,
): SendRequest {
  const { tokenUrl, clientId, clientSecret, clientAuth, scopes, extraParams } = from
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scopes.length > 0) form.set('scope', scopes.join(' '))
  if (clientAuth === 'post') {
    form.set('client_id', clientId)
    form.set('client_secret', clientSecret)
  }
  for (const [name, value] of Object.entries(extraParams)) form.set(name, value)
  return {
    url: tokenUrl,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(clientAuth === 'basic' && {
        authorization: basic(encoded(clientId), encoded(clientSecret)),
      }),
    },
    body: form.toString(),
    timeoutMs,
    keptBytes: answerBytes,
    ...(tls && { tls }),
  }
}

/** RFC 6749, section 2.3.1: both are form-encoded before they are put together. */
function encoded(text: string): string {
  return new URLSearchParams({ a: text }).toString().slice(2)
}

export function readToken(outcome: Outcome): TokenAnswer {
  switch (outcome.kind) {
    case 'delivered':
      return readAnswer(outcome.response)
    case 'refused': {
      const code = memberOf(outcome.response, 'error')
      // The one part that has a fixed form (RFC 6749, section 5.2); its description may repeat anything.
      const said = typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? ` (${code})` : ''
      return no(say('token_refused', { said: `${outcome.statusCode}${said}` }))
    }
    case 'timed-out':
      return no(say('token_late'))
    case 'unreachable':
    case 'blocked':
    case 'failed':
      return no(say('token_unreached', { said: outcome.detail }))
  }
}

function readAnswer(text: string): TokenAnswer {
  const token = memberOf(text, 'access_token')
  if (typeof token !== 'string' || token === '') return no(say('token_none'))
  if (!/^[\x21-\x7e]{1,16384}$/.test(token)) return no(say('token_unfit'))
  const type = memberOf(text, 'token_type')
  if (typeof type === 'string' && type.toLowerCase() !== 'bearer') return no(say('token_type'))
  const seconds = Number(memberOf(text, 'expires_in') ?? Number.NaN)
  return { ok: true, token, lifeMs: seconds > 0 ? seconds * 1_000 : undefined }
}

function memberOf(text: string, name: string): unknown {
  try {
    const answer: unknown = JSON.parse(text)
    return typeof answer === 'object' && answer !== null && Object.hasOwn(answer, name)
      ? (answer as Record<string, unknown>)[name]
      : undefined
  } catch {
    return undefined
  }
}

const no = (problem: string): TokenAnswer => ({ ok: false, problem })
