/** Bodies and headers of gateways' requests. */
import { fields, type Fields, text } from '../../core/json-values.ts'
import type { Origin } from './origin.ts'
import { hashOf, joined, without } from './origin.ts'
import type { GatewayRequest, GatewaySource, Mapped, Parsed } from './gateway.ts'
import { isFallback } from '../../whatsapp/whatsapp.ts'
import { masking, namesSecret, secretName } from './masking.ts'

/** The body as a JSON object; undefined when it is none. */
export function jsonObject(bytes: Buffer | string): Fields | undefined {
  return fields(jsonValue(bytes))
}

/** The body, or a text in it, as JSON, whatever marks of byte order stand before it; undefined when it is none. */
export function jsonValue(bytes: Buffer | string): unknown {
  try {
    return JSON.parse(bytes.toString().replace(/^\ufeff+/, '')) as unknown
  } catch {
    return undefined
  }
}

export function contentType(request: GatewayRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
}

/**
 * The fields of a form, urlencoded or multipart, files left out but named; undefined for any other body, or a
 * broken one.
 */
export async function formFields(
  request: GatewayRequest,
): Promise<Map<string, string> | undefined> {
  if (contentType(request) === 'application/x-www-form-urlencoded')
    return new Map(new URLSearchParams(request.rawBody.toString()))
  const form = await multipart(request)
  if (!form) return undefined
  const values = new Map<string, string>()
  for (const [name, value] of form.entries()) {
    if (typeof value === 'string') values.set(name, value)
    else if (!values.has(name)) values.set(name, value.name)
  }
  return values
}

/** The first file of a multipart body. */
export async function formFile(
  request: GatewayRequest,
): Promise<{ bytes: Buffer; mimetype: string | null } | undefined> {
  for (const [, value] of (await multipart(request))?.entries() ?? [])
    if (typeof value !== 'string')
      return { bytes: Buffer.from(await value.arrayBuffer()), mimetype: text(value.type) }
  return undefined
}

// Verifying and parsing both look into it.
const forms = new WeakMap<Buffer, Promise<FormData | undefined>>()

async function multipart({ headers, rawBody }: GatewayRequest): Promise<FormData | undefined> {
  const type = headers['content-type'] ?? ''
  if (!/^multipart\/form-data\s*;/i.test(type)) return undefined
  let form = forms.get(rawBody)
  if (!form) {
    const response = new Response(new Uint8Array(rawBody), { headers: { 'content-type': type } })
    form = response.formData().catch(() => undefined)
    forms.set(rawBody, form)
  }
  return await form
}

/** The path's session, else the first that the body names, else the gateway's name. */
export function sessionOf(request: GatewayRequest, source: string, ...named: unknown[]): string {
  if (request.session) return request.session
  for (const name of named) if (text(name)) return text(name)!
  return source
}

/** `hashed`: the bytes of the event, without what differs between two sendings of it. */
export function originOf(
  request: GatewayRequest,
  source: string,
  session: string,
  name: string,
  hashed: Buffer | string = request.rawBody,
): Origin {
  return {
    source,
    session,
    name,
    id: null,
    hash: hashOf(hashed),
    receivedAtMs: request.receivedAtMs,
    me: null,
  }
}

/**
 * Reads an envelope that is a JSON object: `nameAt` is the member that names the event, `sessionAt` those that may name
 * the session, the first that does.
 */
export function enveloped(
  source: string,
  nameAt: string,
  sessionAt: readonly string[],
  eventsOf: (origin: Origin, body: Fields) => Mapped,
): GatewaySource['parse'] {
  return async (request) => {
    const body = jsonObject(request.rawBody)
    const name = text(body?.[nameAt])
    if (!body || name === null) return notUnderstood(request, `the body has no ${nameAt}`)
    const session = sessionOf(request, source, ...sessionAt.map((at) => body[at]))
    return understood(eventsOf(originOf(request, source, session, name), body))
  }
}

export function understood(...parts: Mapped[]): Parsed {
  return { outcome: 'events', ...joined(parts) }
}

const withoutNamed = masking({ token: false })
const withoutNamedOrToken = masking({ token: true })

/**
 * The body without its tokens, whichever gateway's they are, since bodies also come to the wrong path: JSON
 * where it is JSON, else its text.
 */
export function notUnderstood(request: GatewayRequest, reason: string): Parsed {
  const value = jsonValue(request.rawBody)
  const object = fields(value)
  const body =
    value === undefined ? withoutNamedOrToken(request.rawBody.toString()) : withoutTokens(value)
  const name = text(object?.['event']) ?? text(object?.['type']) ?? request.event ?? 'unknown'
  return { outcome: 'unknown', name, session: request.session, body, reason }
}

/** `token` only where gateways have it: deeper inside it may be anything. */
export function withoutTokens(value: unknown): unknown {
  return withoutSecrets(fields(value) ? without(value, 'token') : value, ofUnknown)
}

/** Whatever a mapping has kept of the body, JSON within JSON too, at any depth. */
export function withoutHiddenKeys(parsed: Parsed, rawBody: Buffer): Parsed {
  // A look at the bytes: most bodies name nothing of the kind, and need not be walked.
  if (parsed.outcome === 'messages' || !namesSecret.test(rawBody.toString('latin1'))) return parsed
  if (parsed.outcome === 'unknown')
    return { ...parsed, body: withoutSecrets(parsed.body, ofUnknown) }
  const events = parsed.events.map((event) => {
    const hiding = { enveloped: false, inText: isFallback(event) || isOfGateway.test(event.type) }
    return { ...event, raw: { ...event.raw, event: withoutSecrets(event.raw.event, hiding) } }
  })
  return { ...parsed, events }
}

/** Of these nothing was written by a person. */
const isOfGateway = /^(?:session|gateway|device)\./

interface Hiding {
  /** JSON inside a text may be a gateway's whole envelope, with its `token`. */
  enveloped: boolean
  /** Text that is no JSON is masked too: not where it may be what a person wrote. */
  inText: boolean
}

const ofUnknown: Hiding = { enveloped: true, inText: true }

function withoutSecrets(value: unknown, hiding: Hiding): unknown {
  if (typeof value === 'string') return withoutSecretsInside(value, hiding)
  if (Array.isArray(value)) return withoutListed(value).map((one) => withoutSecrets(one, hiding))
  const object = fields(value)
  if (!object) return value
  const kept = Object.entries(object).filter(([key]) => !secretName.test(key))
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutSecrets(inner, hiding)]))
}

const named = ['name', 'key', 'header']

/** Of lists of headers: `{name, value}`, and pairs. */
function withoutListed(list: unknown[]): unknown[] {
  const pairs = list.every((one) => Array.isArray(one) && one.length === 2)
  return list.map((one) => {
    if (pairs) return isSecret((one as unknown[])[0]) ? [(one as unknown[])[0], '***'] : one
    const object = fields(one)
    return object && 'value' in object && named.some((at) => isSecret(object[at]))
      ? { ...object, value: '***' }
      : one
  })
}

function isSecret(name: unknown): boolean {
  return typeof name === 'string' && secretName.test(name)
}

/**
 * Text that is JSON of its own is written again only where something was taken out of it. In any other text, such as
 * JSON that breaks off or an address, the value alone is masked.
 */
function withoutSecretsInside(given: string, hiding: Hiding): string {
  const { enveloped, inText } = hiding
  const named = namesSecret.test(given) || (enveloped && given.includes('token'))
  if (!named) return given
  const inner = /^\s*[[{"]/.test(given) ? jsonValue(given) : undefined
  if (inner === undefined) return inText ? withoutNamed(given) : given
  const kept = enveloped ? withoutTokens(inner) : withoutSecrets(inner, hiding)
  const text = JSON.stringify(kept)
  return text === JSON.stringify(inner) ? given : text
}
