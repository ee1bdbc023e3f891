import { createHash, randomBytes } from 'node:crypto'
import type { GatewayRequest } from '../gateway/gateway.ts'

const prefix = 'pombosrc_'
const hintCharacters = 4

/** A fresh token of 256 random bits; the prefix tells it from API keys, and lets secret scanners recognise it. */
export function makeToken(): { text: string; hash: Buffer; hint: string } {
  const text = prefix + randomBytes(32).toString('base64url')
  return { text, hash: hashToken(text), hint: `${text.slice(0, prefix.length + hintCharacters)}…` }
}

/**
 * What is stored of a token. Found by it, a token is compared with nothing else, so no duration tells how much of it
 * was right.
 */
export function hashToken(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

export function isToken(text: string): boolean {
  return text.startsWith(prefix)
}

/** What was in the URL besides its path. */
export interface PresentedUrl {
  token: string | null
  /** Evolution puts the event at the very end of the URL that it is given, so behind the token too. */
  event: string | null
}

export function readQueryToken(given: unknown): PresentedUrl {
  const text: unknown = Array.isArray(given) ? given[0] : given
  if (typeof text !== 'string' || text === '') return { token: null, event: null }
  const slash = text.indexOf('/')
  return slash < 0
    ? { token: text, event: null }
    : { token: text.slice(0, slash), event: text.slice(slash + 1) || null }
}

/**
 * Everything that may be the key, best first. A gateway may fill `Authorization` with a proof of its own (Evolution's
 * JWT, zpwoot's bare token) and bring the key elsewhere, so all places are tried.
 */
export function presentedKeys(
  headers: GatewayRequest['headers'],
  queryToken: string | null,
): string[] {
  const authorization = headers['authorization']?.replace(/^Bearer +/i, '').trim()
  const keys = [queryToken, headers['x-api-key'], headers['apikey'], authorization]
  return [
    ...new Set(keys.filter((key) => key !== undefined && key !== null && key !== '')),
  ] as string[]
}
