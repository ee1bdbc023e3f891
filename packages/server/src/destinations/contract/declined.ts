/**
 * A no from the other side. Brokers have no status codes; the log, the counts by cause and the retry rules have one
 * vocabulary, so each no is told as the HTTP status that says the same.
 */
export const declineStatuses = {
  /** Who are you: wrong user, password, token. */
  credentials: 401,
  /** Not you: no right to write there. */
  forbidden: 403,
  /** The queue, stream or table is not there. */
  missing: 404,
  /** The message does not fit: too large, or not what is taken there. */
  unfit: 422,
  /** Asked to slow down, or out of room. */
  full: 507,
  /** Anything else that it refuses. */
  refused: 502,
} as const

export class Declined extends Error {
  readonly reason: keyof typeof declineStatuses
  /** The setting that is at fault, where one is. */
  readonly field: string
  constructor(
    reason: keyof typeof declineStatuses,
    message: string,
    { field = 'url', ...options }: ErrorOptions & { field?: string } = {},
  ) {
    super(message, options)
    this.reason = reason
    this.field = field
  }
}
