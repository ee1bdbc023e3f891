import { WebhookVerificationError } from './verification-error.ts'

/**
 * A request's headers: fetch's `Headers`, node's `request.headers`, or a plain object, its names in any case.
 * Typed by shape, so that every framework's own class fits.
 */
export type WebhookHeaders =
  | { get(name: string): string | null | undefined }
  | { readonly [name: string]: string | readonly string[] | undefined }

export interface SignedHeaders {
  id: string
  timestamp: string
  signature: string
}

const parts = ['id', 'timestamp', 'signature'] as const

/** The three headers of one family: `webhook-*`, else `svix-*`; never some of each. */
export function readHeaders(headers: WebhookHeaders): SignedHeaders {
  const values = lookUp(headers)
  for (const family of ['webhook', 'svix']) {
    const [id, timestamp, signature] = parts.map((part) => values(`${family}-${part}`))
    if (id && timestamp && signature) return { id, timestamp, signature }
  }
  const family = parts.some((part) => values(`svix-${part}`)) ? 'svix' : 'webhook'
  const missing = parts.map((part) => `${family}-${part}`).filter((name) => !values(name))
  throw new WebhookVerificationError(
    'missing_header',
    `The request has no ${missing.join(', no ')} header.`,
  )
}

function lookUp(headers: WebhookHeaders): (name: string) => string | undefined {
  if (typeof headers !== 'object' || headers === null)
    throw new TypeError(
      'The headers must be a Headers object or a plain object of header names and values.',
    )
  if (hasGet(headers)) return (name) => headers.get(name) ?? undefined
  const found = new Map<string, string>()
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    if (value === undefined || !/^(webhook|svix)-(id|timestamp|signature)$/.test(name)) continue
    for (const one of typeof value === 'string' ? [value] : value) {
      const before = found.get(name)
      // Signatures may be spread over several headers; of an id or a time only one can be meant.
      if (before === undefined || before === one) found.set(name, one)
      else if (name.endsWith('-signature')) found.set(name, `${before} ${one}`)
      else
        throw new WebhookVerificationError(
          'duplicate_header',
          `The request has several ${name} headers.`,
        )
    }
  }
  return (name) => found.get(name)
}

function hasGet(
  headers: WebhookHeaders,
): headers is { get(name: string): string | null | undefined } {
  return typeof headers['get' as never] === 'function'
}
