export type WebhookVerificationCode =
  /** One of id, timestamp and signature is not there, or empty. */
  | 'missing_header'
  /** Several ids or several timestamps. */
  | 'duplicate_header'
  /** The id holds a dot, the character that separates what is signed. */
  | 'invalid_id'
  /** Not a whole number of seconds. */
  | 'invalid_timestamp'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  /** Nothing of the form `v1,<base64>` in the signature header. */
  | 'malformed_signature'
  /** Only versions that none of the secrets is for: `v1` needs a `whsec_`, `v1a` a `whpk_`. */
  | 'unsupported_version'
  | 'signature_mismatch'
  /** Signed correctly, but not JSON in UTF-8: only `verify`, never `verifyRaw`. */
  | 'not_json'

/** The request is not to be trusted (or, with `not_json`, not to be parsed): answer it with 400 or 401. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly code: WebhookVerificationCode

  constructor(code: WebhookVerificationCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
