/**
 * Whether a request proves who sent it, by a scheme that is data. Constant time where a secret is compared; the
 * algorithm is the scheme's and never the sender's. What is said of a refusal holds nothing that came.
 */
import { say } from '../../core/sentences/sentences.ts'
import {
  createHash,
  createHmac,
  createPublicKey,
  type KeyObject,
  verify as verifyKey,
} from 'node:crypto'
import { errorCode } from '../../core/thrown.ts'
import type { Verdict } from './gateway.ts'
import { sameSecret } from './signature.ts'
import type { Reader } from './reader.ts'
import type { Place, Scheme, Signature } from './scheme.ts'

const usualTolerance = 300

export async function verifyScheme(
  scheme: Scheme,
  reader: Reader,
  secret: string,
): Promise<Verdict> {
  switch (scheme.kind) {
    case 'token':
      return verifyToken(reader.at(scheme.at), scheme.prefix ?? '', secret)
    case 'basic':
      return verifyToken(
        reader.at({ header: 'authorization' }),
        'Basic ',
        Buffer.from(secret).toString('base64'),
      )
    case 'jwt':
      return await verifyJsonToken(scheme, reader, secret)
    default:
      return verifySignature(scheme, reader, secret)
  }
}

function verifyToken(given: string | null, prefix: string, secret: string): Verdict {
  if (given === null) return 'absent'
  if (given.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) return 'bad'
  return sameSecret(given.slice(prefix.length).trim(), secret) ? 'ok' : 'bad'
}

async function verifyJsonToken(
  scheme: Extract<Scheme, { kind: 'jwt' }>,
  reader: Reader,
  secret: string,
): Promise<Verdict> {
  const given = reader.at(scheme.at ?? { header: 'authorization' })
  if (given === null) return 'absent'
  const symmetric = scheme.algorithms.every((one) => one.startsWith('HS'))
  const key = symmetric ? new TextEncoder().encode(secret) : publicKeyOf(secret, 'jwt')
  if (!key) return { refused: say('secret_no_pem') }
  // Loaded by the first source that wants it; few do.
  const { jwtVerify } = await import('jose')
  try {
    const { payload } = await jwtVerify(given.replace(/^Bearer +/i, ''), key, {
      algorithms: scheme.algorithms,
      clockTolerance: 60,
      currentDate: new Date(reader.request.receivedAtMs),
      ...(scheme.issuer !== undefined && { issuer: scheme.issuer }),
      ...(scheme.audience !== undefined && { audience: scheme.audience }),
    })
    if (!scheme.bodyHash) return 'ok'
    const { claim, algorithm, encoding } = scheme.bodyHash
    const digest = createHash(algorithm).update(reader.request.rawBody).digest(encoding)
    const said = payload[claim]
    return typeof said === 'string' && sameSecret(said, digest)
      ? 'ok'
      : { refused: say('body_not_claimed', { claim }) }
  } catch (error) {
    return errorCode(error) === 'ERR_JWT_EXPIRED' ? { refused: say('token_expired') } : 'bad'
  }
}

function verifySignature(scheme: Signature, reader: Reader, secret: string): Verdict {
  const value = reader.at(scheme.at)
  if (value === null) return 'absent'
  const given = partsOf(scheme, value)
  const timestamp = given.timestamp ?? (scheme.timestamp ? reader.at(scheme.timestamp) : null)
  const timed = scheme.timestamp !== undefined || scheme.timestampPart !== undefined
  if (timed) {
    const late = lateness(scheme, timestamp, reader.request.receivedAtMs)
    if (late !== undefined) return { refused: late }
  }
  if (given.signatures.length === 0)
    return { refused: say('proof_form', { where: shown(scheme.at) }) }
  const signed = fill(scheme.signed ?? '{body}', reader, timestamp ?? '', secret)
  if (signed === undefined) return { refused: say('signed_part_missing') }
  return check(scheme, secret, signed, given.signatures)
}

/** The signatures in a value, and the time beside them. */
function partsOf(
  { separator, part, timestampPart, prefix = '' }: Signature,
  value: string,
): { signatures: string[]; timestamp: string | null } {
  const pieces = (separator === undefined ? [value] : value.split(separator)).map((one) =>
    one.trim(),
  )
  const named = (name: string): string[] =>
    pieces.flatMap((piece) => (piece.startsWith(`${name}=`) ? [piece.slice(name.length + 1)] : []))
  const found = part === undefined ? pieces : named(part)
  return {
    // Two keys overlap at a rotation; more than a few is somebody who makes us compute.
    signatures: found
      .filter((one) => one.startsWith(prefix))
      .slice(0, 10)
      .map((one) => one.slice(prefix.length)),
    timestamp: timestampPart === undefined ? null : (named(timestampPart)[0] ?? null),
  }
}

/** Why the time of sending is refused. An old request may be one that somebody has recorded. */
function lateness(scheme: Signature, timestamp: string | null, nowMs: number): string | undefined {
  if (timestamp === null) return say('sent_unsaid')
  const sentMs = millisecondsOf(timestamp)
  if (sentMs === undefined) return say('sent_no_time')
  const tolerance = scheme.toleranceSeconds ?? usualTolerance
  const off = Math.abs(nowMs - sentMs) / 1000
  if (off <= tolerance) return undefined
  return say(sentMs < nowMs ? 'sent_ago' : 'sent_ahead', { seconds: Math.round(off), tolerance })
}

function millisecondsOf(text: string): number | undefined {
  const ms = /^\d{1,16}$/.test(text)
    ? // Seconds have ten digits until the year 2286.
      Number(text) * (text.length > 11 ? 1 : 1000)
    : Date.parse(text)
  return Number.isFinite(ms) ? ms : undefined
}

/** The bytes that are signed; undefined where the request lacks a part of them. */
function fill(
  template: string,
  reader: Reader,
  timestamp: string,
  secret: string,
): Buffer | undefined {
  const { request, form } = reader
  const pieces: (Buffer | string | null)[] = template
    .split(/(\{[^{}]+\})/)
    .map((piece): Buffer | string | null => {
      const name = /^\{([^{}]+)\}$/.exec(piece)?.[1]
      if (name === undefined) return piece
      if (name === 'body') return request.rawBody
      if (name === 'timestamp') return timestamp
      if (name === 'url') return request.url
      if (name === 'method') return request.method
      if (name === 'secret') return secret
      if (name === 'form') return form ? sortedForm(form) : ''
      const dot = name.indexOf('.')
      const [kind, rest] = [name.slice(0, dot), name.slice(dot + 1)]
      if (kind === 'header') return reader.at({ header: rest })
      if (kind === 'query') return reader.at({ query: rest })
      return reader.at({ body: rest })
    })
  if (pieces.includes(null)) return undefined
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as Buffer | string)))
}

/** As Twilio signs it. */
function sortedForm(form: ReadonlyMap<string, string>): string {
  return [...form]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => name + value)
    .join('')
}

function check(scheme: Signature, secret: string, signed: Buffer, given: string[]): Verdict {
  const encoding = scheme.encoding ?? 'hex'
  if (scheme.kind === 'hmac' || scheme.kind === 'digest') {
    const expected = (
      scheme.kind === 'hmac'
        ? createHmac(scheme.algorithm, keyOf(secret, scheme.secretEncoding ?? 'text'))
        : createHash(scheme.algorithm)
    )
      .update(signed)
      .digest(encoding)
    const same = (one: string) => sameSecret(encoding === 'hex' ? one.toLowerCase() : one, expected)
    return given.some(same) ? 'ok' : 'bad'
  }
  const key = publicKeyOf(secret, scheme.kind)
  if (!key) return { refused: say('secret_no_key') }
  const algorithm = scheme.kind === 'ed25519' ? null : 'sha256'
  return given.some((one) => verifyKey(algorithm, signed, key, Buffer.from(one, encoding)))
    ? 'ok'
    : 'bad'
}

function keyOf(secret: string, encoding: 'text' | 'hex' | 'base64'): Buffer {
  if (encoding === 'text') return Buffer.from(secret)
  return Buffer.from(secret.replace(/^whsec_/, ''), encoding)
}

/** The DER that comes before the 32 bytes of an Ed25519 key (RFC 8410). */
const ed25519Head = Buffer.from('302a300506032b6570032100', 'hex')

/** PEM, base64 of DER, or the 32 bytes of an Ed25519 key in hex. */
function publicKeyOf(secret: string, kind: 'ed25519' | 'ecdsa' | 'jwt'): KeyObject | undefined {
  try {
    if (secret.includes('-----BEGIN')) return createPublicKey(secret)
    const der =
      kind === 'ed25519' && /^[\da-f]{64}$/i.test(secret)
        ? Buffer.concat([ed25519Head, Buffer.from(secret, 'hex')])
        : Buffer.from(secret, 'base64')
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

/** A place in words. */
export function shown(place: Place): string {
  if ('header' in place) return `the header ${place.header}`
  return 'query' in place ? `the parameter ${place.query}` : `"${place.body}" in the body`
}
