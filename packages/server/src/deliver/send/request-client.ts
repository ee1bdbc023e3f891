// What a connection to a receiver does, whichever version of HTTP it speaks: one request after the other.

export interface OutgoingRequest {
  method: 'POST'
  path: string
  /** Names and values, in turn; no `host`, `connection` or `content-length`, which are added. */
  headers: readonly string[]
  body: string | Buffer
}

/** Hears of one request. Nothing is called after `onEnd` or `onError`. */
export interface AnswerHandler {
  /** Right before the first byte is written. False: it is not written, and nothing more is called. */
  onStart(): boolean
  /** Also for each interim answer (1xx). Names of headers in lower case, repeated ones joined. */
  onHead(statusCode: number, headers: Readonly<Record<string, string>>): void
  /** The bytes are gone when this returns: what is kept of them has to be copied. */
  onBody(chunk: Buffer): void
  onEnd(): void
  onError(error: Error): void
}

export interface RequestClient {
  dispatch(request: OutgoingRequest, handler: AnswerHandler): void
  /** Closes the connection, whatever it is doing; calls nobody. */
  destroy(): void
  /** Whether another request can follow. */
  readonly isUsable: boolean
  /** How long it may stay without a request. */
  readonly idleMs: number
}

/** The request cannot be written as HTTP. */
export const unwritableCode = 'UNWRITABLE_REQUEST'
/** What came back is not HTTP. */
export const protocolCode = 'NOT_HTTP'
/** The receiver closed the connection before its answer was whole. */
export const closedCode = 'CLOSED_EARLY'

export function errorOf(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
