// One request and its answer, against one deadline.
import type { Answer, Outcome, TimedOut } from '../../core/outcome.ts'
import { retryAfterMs } from '../../core/retry-after.ts'
import { ResponseText } from './response-text.ts'
import { failureOf, interimFloodCode } from './failure.ts'
import type { Connection, ConnectionPool } from './connection-pool.ts'
import {
  type AnswerHandler,
  errorOf,
  type OutgoingRequest,
  unwritableCode,
} from './request-client.ts'
import { unwritable } from './unwritable.ts'

export type ExchangeLimits = {
  /** Of the response body, kept as text. */
  keptBytes: number
  /** Of the response body, read. */
  capBytes: number
}

/**
 * 1xx answers to one request: one or two (103 Early Hints), or one a second while it works (102 Processing), for 60
 * seconds at most. Each costs a parse.
 */
const maxInterimAnswers = 100

/**
 * Starts once and ends once, with one outcome, by whichever comes first: the answer's end, its cap, a failure, the
 * deadline, the caller's signal. The connection goes back to the pool only after a whole answer. What is called after
 * the end (a client in the middle of what it has read) is ignored.
 */
export class Exchange implements AnswerHandler {
  readonly #pool: ConnectionPool
  readonly #connection: Connection
  readonly #limits: ExchangeLimits
  readonly #finish: (outcome: Outcome) => void
  readonly #text: ResponseText
  readonly #startedAtMs = performance.now()
  #timer: NodeJS.Timeout | undefined
  #signal: AbortSignal | undefined
  #mayStart: (() => boolean) | undefined
  #phase: TimedOut['phase'] = 'connect'
  #statusCode: number | null = null
  #headers: Readonly<Record<string, string>> = {}
  #interimAnswers = 0
  #bodyBytes = 0
  #isOver = false

  constructor(
    pool: ConnectionPool,
    connection: Connection,
    limits: ExchangeLimits,
    finish: (outcome: Outcome) => void,
  ) {
    this.#pool = pool
    this.#connection = connection
    this.#limits = limits
    this.#text = new ResponseText(limits.keptBytes)
    this.#finish = finish
  }

  start(
    request: OutgoingRequest,
    timeoutMs: number,
    signal?: AbortSignal,
    mayStart?: () => boolean,
  ): void {
    this.#mayStart = mayStart
    this.#timer = setTimeout(this.#onDeadline, timeoutMs)
    if (signal) {
      if (signal.aborted) return this.#onAbort()
      this.#signal = signal
      signal.addEventListener('abort', this.#onAbort)
    }
    const problem = unwritable(request.headers)
    if (problem !== undefined) return this.onError(errorOf(unwritableCode, problem))
    this.#connection.client.dispatch(request, this)
    return undefined
  }

  onStart(): boolean {
    if (this.#isOver) return false
    if (this.#mayStart?.() === false) {
      this.#fail(endedByCaller())
      return false
    }
    this.#phase = 'headers'
    return true
  }

  onHead(statusCode: number, headers: Readonly<Record<string, string>>): void {
    if (this.#isOver) return
    if (statusCode < 200) {
      this.#interimAnswers += 1
      if (this.#interimAnswers <= maxInterimAnswers) return
      return this.#fail(
        errorOf(interimFloodCode, `more than ${maxInterimAnswers} interim answers (1xx)`),
      )
    }
    this.#phase = 'body'
    this.#statusCode = statusCode
    this.#headers = headers
  }

  onBody(chunk: Buffer): void {
    if (this.#isOver) return
    this.#text.add(chunk)
    this.#bodyBytes += chunk.length
    if (this.#bodyBytes > this.#limits.capBytes) this.#end(this.#answered(), false)
  }

  onEnd(): void {
    if (!this.#isOver) this.#end(this.#answered(), true)
  }

  onError(error: Error): void {
    if (!this.#isOver) this.#fail(error)
  }

  // A stalled event loop runs its timers before it reads its sockets: an answer that came in time may be waiting
  // there. One more turn lets it through.
  readonly #onDeadline = (): void => {
    setImmediate(() => {
      if (this.#isOver) return
      const { text, isTruncated } = this.#text.take()
      this.#end(
        {
          kind: 'timed-out',
          phase: this.#phase,
          statusCode: this.#statusCode,
          response: text,
          responseTruncated: isTruncated,
          durationMs: this.#durationMs(),
        },
        false,
      )
    })
  }

  readonly #onAbort = (): void => {
    if (!this.#isOver) this.#fail(endedByCaller())
  }

  #fail(error: Error): void {
    const { refusal, openedAtMs } = this.#connection
    const isReused = openedAtMs < this.#startedAtMs && this.#phase !== 'connect'
    const statusCode = this.#statusCode
    const context = { refusal, statusCode, isReused, durationMs: this.#durationMs() }
    const outcome = failureOf(error, context)
    if (isReused && isClosedUnanswered(outcome, statusCode)) this.#pool.distrust(this.#connection)
    this.#end(outcome, false)
  }

  #answered(): Outcome {
    const statusCode = this.#statusCode!
    const { text, isTruncated } = this.#text.take()
    const answer: Answer = {
      statusCode,
      response: text,
      responseTruncated: isTruncated,
      responseHeaders: this.#headers,
      durationMs: this.#durationMs(),
    }
    if (statusCode < 300) return { kind: 'delivered', ...answer }
    const retryAfter = retryAfterMs(this.#headers['retry-after'], Date.now())
    return { kind: 'refused', retryAfterMs: retryAfter, ...answer }
  }

  #end(outcome: Outcome, isComplete: boolean): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
    if (isComplete) this.#pool.release(this.#connection)
    else this.#pool.abandon(this.#connection)
    this.#finish(outcome)
  }

  #durationMs(): number {
    return Math.round(performance.now() - this.#startedAtMs)
  }
}

function endedByCaller(): Error {
  return errorOf('ABORT_ERR', 'ended by the caller')
}

function isClosedUnanswered(outcome: Outcome, statusCode: number | null): boolean {
  if (outcome.kind !== 'unreachable' || statusCode !== null) return false
  return outcome.reason === 'closed' || outcome.reason === 'reset'
}
