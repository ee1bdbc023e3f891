import { scheduleOf } from '../core/retry.ts'
import { showId } from '../core/id.ts'
import { type Outcome, statusCodeOf } from '../core/outcome.ts'
import type { Verdict } from '../core/retry.ts'
import type { SpanIds } from '../core/trace.ts'
import type { Claim } from '../queue/queue.ts'
import { describe } from '../record/recorded.ts'
import type { EngineOptions } from './options.ts'

/** Tells the log and the metrics of every attempt. */
export class AttemptObserver {
  readonly #deps: Pick<EngineOptions, 'clock' | 'dialects' | 'log' | 'metrics' | 'registry'>

  constructor(deps: Pick<EngineOptions, 'clock' | 'dialects' | 'log' | 'metrics' | 'registry'>) {
    this.#deps = deps
  }

  observe(
    claim: Claim,
    outcome: Outcome,
    verdict: Verdict,
    bytes: number,
    span: SpanIds | undefined,
  ): void {
    const { log, metrics } = this.#deps
    const durationMs = outcome.durationMs
    metrics.recordAttempt({
      eventType: claim.message.eventType,
      status:
        verdict.kind === 'done' ? 'success' : verdict.kind === 'exhausted' ? 'failed' : 'retrying',
      durationMs,
      span,
    })
    log.attemptLine({
      tenantId: claim.message.tenantId,
      appId: claim.app.id,
      endpointId: claim.endpoint.id,
      messageId: claim.message.id,
      eventType: claim.message.eventType,
      attempt: claim.attempt + 1,
      outcome: outcome.kind,
      statusCode: statusCodeOf(outcome),
      durationMs,
      requestBytes: bytes,
      responseBytes: 'response' in outcome ? outcome.response.length : 0,
      nextAttemptAtMs: verdict.kind === 'retry' ? this.#deps.clock.now() + verdict.delayMs : null,
      circuit:
        this.#deps.registry.cache.peekRoutes(claim.app.id)?.health.get(claim.endpoint.id)
          ?.circuit ?? 'closed',
      dialect: claim.endpoint.dialect,
      error: describe(outcome),
      span,
    })
    this.#dialectLine(claim, outcome, verdict)
  }

  /** An attempt in its dialect's own words, where it has some. */
  #dialectLine(claim: Claim, outcome: Outcome, verdict: Verdict): void {
    const dialect = this.#deps.dialects.get(claim.endpoint.dialect)
    const line = dialect?.attemptLine?.({
      app: claim.app,
      eventType: claim.message.eventType,
      url: claim.endpoint.url,
      outcome,
      attempt: claim.attempt + 1,
      retries: scheduleOf(claim, dialect).length,
      retryInMs: verdict.kind === 'retry' ? verdict.delayMs : null,
    })
    if (!line) return
    const message = showId('message', claim.message.id)
    this.#deps.log.main[line.level]({ message, ...line.fields }, line.text)
  }
}
