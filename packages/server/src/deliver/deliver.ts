/**
 * Delivery of what is due to one endpoint: transform → format → guard → send → decide → record. Read this file first.
 *
 * It promises that nothing is sent without a valid lease, that the bytes signed are the bytes sent, that no HTTP
 * happens inside a database transaction, and that every delivery given to it ends in exactly one record.
 */
import type { Clock } from '../core/clock.ts'
import type { Envelope } from '../core/destination.ts'
import type { Transform } from '../core/endpoint.ts'
import { PomboError } from '../core/error.ts'
import type { Message } from '../core/message.ts'
import type { Outcome } from '../core/outcome.ts'
import { decide, type RetryPolicy, type Verdict, scheduleOf } from '../core/retry.ts'
import { say } from '../core/sentences/sentences.ts'
import { errorMessage } from '../core/thrown.ts'
import type { AttemptSpan, SpanIds, Tracing } from '../core/trace.ts'
import { type MaybeLater, whenThere } from '../core/when-there.ts'
import type { Payloads } from '../db/payload.ts'
import type { DeliveryDialect } from '../dialects/contract/delivery.ts'
import type { Claim } from '../queue/queue.ts'
import { describe, type Recorded } from '../record/recorded.ts'
import { batchRequest, type Changed, rawProblem, requestOf, type Server } from './request.ts'
import type { SendRequest } from './send/send.ts'
import type { TransformResult } from './transform/transform.ts'

export interface DeliverDeps {
  dialectOf: (name: Claim['endpoint']['dialect']) => DeliveryDialect
  /** Of claims that come out of the database: those from memory are as they came. */
  payloads: Pick<Payloads, 'open'>
  transform: (transform: Transform, message: Message) => Promise<TransformResult>
  /** By HTTP, or to the destination that a request names. */
  send: (request: SendRequest & { to?: Envelope }) => Promise<Outcome>
  record: (entry: Recorded) => void
  /** One wide log line and the metrics of an attempt. */
  observe: (
    claim: Claim,
    outcome: Outcome,
    verdict: Verdict,
    bytes: number,
    span: SpanIds | undefined,
  ) => void
  /** Absent: nothing is traced. */
  trace?: Tracing | undefined
  clock: Clock
  random: () => number
  server: () => Server
  /**
   * Whether this node still has the claim in hand: its lease is valid, and is the one under which the claim was
   * taken.
   */
  holds: (claim: Claim) => boolean
  /** Aborted when the lease is lost, so that an ordered request under way does not arrive after its successor. */
  leaseSignal: () => AbortSignal
}

/**
 * Delivers claims of one endpoint once, in one request: one claim, or as many as the endpoint takes in a batch. Never
 * throws for anything the receiver does.
 * @returns the claims that were not sent, because the lease was lost before the first byte left; nothing is recorded
 * of them
 */
export async function deliver(
  claims: readonly Claim[],
  deps: DeliverDeps,
): Promise<readonly Claim[]> {
  const { endpoint } = claims[0]!
  const startedAtMs = deps.clock.now()
  const dialect = deps.dialectOf(endpoint.dialect)
  const ready: Changed[] = []
  for (const claim of claims) {
    const later = makeReady(claim, dialect, deps)
    // Without a transform it is there at once, and nothing is waited for.
    const made = later instanceof Promise ? await later : later
    if ('failed' in made) settle([claim], made.failed, 0, startedAtMs, dialect, deps)
    else if ('unfit' in made) discard(claim, made.unfit, startedAtMs, deps)
    else ready.push(made)
  }
  if (ready.length === 0) return []
  const request = endpoint.batch
    ? batchRequest(ready, dialect, startedAtMs, deps.server())
    : requestOf(ready[0]!, dialect, startedAtMs, deps.server())
  if (ready.some(({ claim }) => claim.ordered)) request.signal = deps.leaseSignal()
  const sent = ready.map(({ claim }) => claim)
  const span = deps.trace?.attempting(sent, startedAtMs)
  if (span) request.headers = { ...span.headers, ...request.headers }
  // Asked again when the connection is open: between here and there the process may have stood still for longer than
  // the lease.
  let withheld = false
  request.mayStart = () => !(withheld = !sent.every(deps.holds))
  const outcome = await deps.send(request)
  if (withheld) return sent
  settle(sent, outcome, request.body.length, startedAtMs, dialect, deps, span)
  return []
}

type Ready = Changed | { failed: Outcome } | { unfit: string }

/** Opens the payload and transforms it, or says why it cannot be sent: now (`failed`), or ever (`unfit`). */
function makeReady(claim: Claim, dialect: DeliveryDialect, deps: DeliverDeps): MaybeLater<Ready> {
  if (claim.message.payload === null) return { unfit: say('not_sent_payload') }
  const sealed = open(claim, deps)
  if (sealed !== undefined) return { failed: sealed }
  const { transform } = claim.endpoint
  const isChanged = transform && transform.enabled !== false
  return whenThere(isChanged ? transformed(claim, transform, deps) : { claim }, (changed) => {
    if ('failed' in changed) return changed
    const unfit = rawProblem(changed, dialect)
    return unfit === undefined ? changed : { unfit }
  })
}

function discard(claim: Claim, reason: string, startedAtMs: number, deps: DeliverDeps): void {
  deps.record({ claim, outcome: null, verdict: { kind: 'discarded', reason }, startedAtMs })
}

/**
 * A payload that cannot be opened (its key is missing from the ring) is a failed attempt: it is tried again, and the
 * log says why.
 */
function open({ message }: Claim, { payloads }: DeliverDeps): Outcome | undefined {
  try {
    message.payload = payloads.open(message.payload!, message.id)
    return undefined
  } catch (error) {
    // Without what a refusal puts around it, so that pages find its sentence.
    const why = error instanceof PomboError ? error.values['detail'] : undefined
    const detail = String(why ?? errorMessage(error))
    return { kind: 'failed', reason: 'sealed', detail, durationMs: 0 }
  }
}

async function transformed(
  claim: Claim,
  transform: Transform,
  deps: DeliverDeps,
): Promise<Changed | { failed: Outcome }> {
  const startedAt = deps.clock.monotonic()
  const result = await deps.transform(transform, claim.message)
  if (result.ok)
    return { claim, payload: result.payload, headers: result.headers, path: result.path }
  return {
    failed: {
      kind: 'failed',
      reason: 'transform',
      detail: result.problem,
      durationMs: Math.round(deps.clock.monotonic() - startedAt),
    },
  }
}

/** What was sent together is decided with the same dice, so that it is due together again. */
function settle(
  claims: readonly Claim[],
  outcome: Outcome,
  bytes: number,
  startedAtMs: number,
  dialect: DeliveryDialect,
  deps: DeliverDeps,
  span: AttemptSpan | undefined = deps.trace?.attempting(claims, startedAtMs),
): void {
  const random = deps.random()
  for (const claim of claims) {
    const verdict = verdictOf(claim, outcome, policyOf(claim, dialect), random)
    deps.record({ claim, outcome, verdict, startedAtMs })
    deps.observe(claim, outcome, verdict, bytes, span)
    if (claim === claims[0])
      span?.end(outcome, {
        problem: describe(outcome),
        requestBytes: bytes,
        verdict: verdict.kind,
      })
  }
}

function verdictOf(claim: Claim, outcome: Outcome, policy: RetryPolicy, random: number): Verdict {
  const verdict = decide(outcome, claim.attempt + 1, policy, random)
  const { ordering, onExhausted } = claim.endpoint
  const holds =
    verdict.kind === 'exhausted' && claim.ordered && ordering === 'key' && onExhausted === 'stop'
  return holds ? { kind: 'hold', reason: verdict.reason } : verdict
}

function policyOf(claim: Claim, dialect: DeliveryDialect): RetryPolicy {
  return { ...dialect.retry, scheduleMs: scheduleOf(claim, dialect) }
}
