/**
 * What became of one request. `send` answers with one of these and never throws for a remote failure;
 * `decide` switches over it. Durations are whole milliseconds from the call to the answer,
 * and include DNS, connect and TLS.
 */
export type Outcome = Delivered | Refused | TimedOut | Unreachable | Blocked | Failed

/**
 * A 2xx. The body was read to its end, or up to the read cap: a receiver that has said 2xx and then pours
 * out more than Pombo reads has still accepted, so `responseTruncated` is set and the connection closed.
 */
export type Delivered = Answer & { kind: 'delivered' }

/**
 * A complete answer that is not a 2xx, redirects included (they are never followed).
 * `retryAfterMs` is the receiver's wish, already bounded to 24 h; null when it named none. `detail` is a destination's
 * no in words, beside the HTTP status that says the same.
 */
export type Refused = Answer & { kind: 'refused'; retryAfterMs: number | null; detail?: string }

/**
 * The deadline of the whole exchange passed. `phase` is what it was waiting for: `connect` (DNS, TCP, TLS),
 * `headers` (also while the body was being sent) or `body`. In phase `body` the status is known and
 * `response` holds what had come; a 2xx whose body never ends is not delivered, since the receiver did not
 * complete its answer.
 */
export type TimedOut = {
  kind: 'timed-out'
  phase: 'connect' | 'headers' | 'body'
  statusCode: number | null
  response: string
  responseTruncated: boolean
  durationMs: number
}

/** No complete answer, before the deadline. `reason` is for programs, `detail` a sentence for people. */
export type Unreachable = {
  kind: 'unreachable'
  reason: UnreachableReason
  detail: string
  durationMs: number
}

/** Refused here, before anything left the machine. `detail` says what to do about it. */
export type Blocked = {
  kind: 'blocked'
  reason: BlockReason
  detail: string
  durationMs: number
}

/**
 * Nothing could be made to send: the endpoint's transformation failed on this message, its payload is sealed under a
 * key that is not in the ring, or no token was to be had for it. `detail` says how.
 */
export type Failed = {
  kind: 'failed'
  reason: 'transform' | 'sealed' | 'token' | 'library'
  detail: string
  durationMs: number
}

/** The parts of an answer that are kept. */
export type Answer = {
  statusCode: number
  /** The first 16 KiB (by default) as UTF-8; bytes that are not UTF-8, and U+0000, become U+FFFD. */
  response: string
  /** True when the body went on beyond `response`. */
  responseTruncated: boolean
  /** Names in lower case; repeated headers joined by a comma and a space. At most 64 KiB in all. */
  responseHeaders: Record<string, string>
  durationMs: number
}

export type UnreachableReason =
  /** The name does not resolve. */
  | 'dns'
  /** Nothing listens there. */
  | 'connect-refused'
  /** No way to the host or its network. */
  | 'no-route'
  /** The handshake failed: certificate, host name, protocol version. */
  | 'tls'
  /** The connection was reset before the answer was complete. */
  | 'reset'
  /** The connection was closed before the answer was complete. */
  | 'closed'
  /** What came back is not HTTP/1.1, or its headers are too large, or its interim answers too many. */
  | 'protocol'
  /** This machine could not: out of file descriptors, ports or buffers. Not the receiver's fault. */
  | 'local'
  /** The caller's signal ended it. */
  | 'aborted'
  /** Anything else the network reports; `detail` names it. */
  | 'network'

export type BlockReason =
  /** Not an absolute URL. */
  | 'url'
  /** Neither http nor https, or http where only https is permitted. */
  | 'scheme'
  /** A user name or password in the URL. */
  | 'credentials'
  /** A port that belongs to another protocol. */
  | 'port'
  /** A name that always means this machine. */
  | 'host'
  /** The address, or every address of the name, is not a public one. */
  | 'address'
  /** The request cannot be written as HTTP/1.1, for instance a header with a line break. */
  | 'request'

/** The address guard's answer about a URL or an address. */
export type Permission = { allowed: true } | { allowed: false; reason: BlockReason; detail: string }

/** The status the receiver answered with, or null when it did not get so far. */
export function statusCodeOf(outcome: Outcome): number | null {
  return 'statusCode' in outcome ? outcome.statusCode : null
}
