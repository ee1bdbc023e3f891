import {
  type Bytes,
  bodyBytes,
  concat,
  decodeBase64,
  equalBytes,
  type RawBody,
} from './encoding.ts'
import { readHeaders, type WebhookHeaders } from './headers.ts'
import { type Key, readSecrets, signedHead, type WebhookSecret } from './secret.ts'
import { WebhookVerificationError } from './verification-error.ts'

export interface WebhookOptions {
  /**
   * How far the request's time may be from now, either way. Default 300; Infinity accepts any age, such as for stored
   * requests.
   */
  toleranceSeconds?: number
  /** Milliseconds since 1970. Default Date.now. */
  now?: () => number
}

/**
 * Verifies the webhooks of an endpoint (Standard Webhooks, `v1` and `v1a`). Make one at start and keep it.
 * With several secrets, any of them will do: so a receiver changes secrets without missing a request.
 */
export class Webhook {
  readonly #keys: Key[]
  readonly #toleranceSeconds: number
  readonly #now: () => number

  /** Throws a TypeError on a secret that is empty, a bare prefix or not base64, and without any secret. */
  constructor(secrets: WebhookSecret | readonly WebhookSecret[], options: WebhookOptions = {}) {
    this.#keys = readSecrets(secrets)
    this.#toleranceSeconds = options.toleranceSeconds ?? 300
    this.#now = options.now ?? Date.now
    if (!(this.#toleranceSeconds >= 0)) throw new TypeError('toleranceSeconds must be 0 or more.')
  }

  /**
   * The parsed JSON of a request whose signature and time are right. `body` is the raw body: not parsed, not printed
   * anew. Integers above 2^53 lose digits in JSON.parse; where they matter, use `verifyRaw` and a parser of your own.
   * Throws WebhookVerificationError.
   */
  async verify(body: RawBody, headers: WebhookHeaders): Promise<unknown> {
    const bytes = await this.#check(body, headers)
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch (cause) {
      throw new WebhookVerificationError(
        'not_json',
        'The signature is right, but the body is not JSON; use verifyRaw for such bodies.',
        { cause },
      )
    }
  }

  /** The same for a body of any type: returns nothing, throws WebhookVerificationError. */
  async verifyRaw(body: RawBody, headers: WebhookHeaders): Promise<void> {
    await this.#check(body, headers)
  }

  async #check(body: RawBody, headers: WebhookHeaders): Promise<Bytes> {
    const signed = readHeaders(headers)
    // With a dot in it, a part of the body could be passed off as the time, and so an old request as a new one.
    if (signed.id.includes('.'))
      throw new WebhookVerificationError(
        'invalid_id',
        'The id header holds a dot, which no sender may put there.',
      )
    checkTime(signed.timestamp, this.#toleranceSeconds, Math.floor(this.#now() / 1000))
    const head = signedHead(signed.id, signed.timestamp)
    const content = concat(head, bodyBytes(body))
    await checkSignature(signed.signature, content, this.#keys)
    // Out of what was verified, not the caller's buffer, which may have changed meanwhile.
    return content.subarray(head.length)
  }
}

function checkTime(timestamp: string, toleranceSeconds: number, nowSeconds: number): void {
  // Digits only: what parseInt would still read ("1614265330abc") is not what anyone signed.
  if (!/^\d{1,12}$/.test(timestamp))
    throw new WebhookVerificationError(
      'invalid_timestamp',
      'The timestamp header must be whole seconds since 1970.',
    )
  const ageSeconds = nowSeconds - Number(timestamp)
  const limit = `${toleranceSeconds} s are allowed. Compare the clocks of both machines.`
  if (ageSeconds > toleranceSeconds)
    throw new WebhookVerificationError(
      'timestamp_too_old',
      `The request was signed ${ageSeconds} s ago; ${limit}`,
    )
  if (-ageSeconds > toleranceSeconds)
    throw new WebhookVerificationError(
      'timestamp_too_new',
      `The request was signed ${-ageSeconds} s in the future; ${limit}`,
    )
}

interface GivenSignature {
  version: string
  bytes: Bytes
}

async function checkSignature(header: string, content: Bytes, keys: readonly Key[]): Promise<void> {
  const given = readSignatures(header)
  if (given.length === 0)
    throw new WebhookVerificationError(
      'malformed_signature',
      'The signature header has no signature of the form "v1,<base64>".',
    )
  let comparable = false
  for (const key of keys) {
    const candidates = given.filter(({ version }) => version === key.version)
    if (candidates.length === 0) continue
    comparable = true
    if (await matchesAny(key, content, candidates)) return
  }
  if (comparable)
    throw new WebhookVerificationError(
      'signature_mismatch',
      'No signature matches: wrong secret, or the body is not byte for byte what was sent.',
    )
  const [versions, needed] = [given, keys].map((list) =>
    [...new Set(list.map(({ version }) => version))].join(', '),
  )
  throw new WebhookVerificationError(
    'unsupported_version',
    `The request is signed with ${versions}; the secrets given are for ${needed}.`,
  )
}

/** One HMAC a key, however many signatures a request claims; so a long header cannot make verifying costly. */
async function matchesAny(
  key: Key,
  content: Bytes,
  candidates: readonly GivenSignature[],
): Promise<boolean> {
  if (key.version === 'v1') {
    const expected = await key.hmac(content)
    return candidates.some(({ bytes }) => equalBytes(bytes, expected))
  }
  for (const { bytes } of candidates) {
    if (await key.verify(content, bytes)) return true
  }
  return false
}

/** Unreadable ones are left out, so that one broken or unknown signature does not spoil a good one beside it. */
function readSignatures(header: string): GivenSignature[] {
  // Repeated header lines arrive joined by a comma and a blank.
  return header.split(/,? +/).flatMap((one) => {
    const comma = one.indexOf(',')
    const bytes = decodeBase64(one.slice(comma + 1))
    return comma > 0 && bytes?.length ? [{ version: one.slice(0, comma), bytes }] : []
  })
}
