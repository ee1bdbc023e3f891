/**
 * Sends requests with the tokens that their endpoints ask for. A token is kept until shortly before it runs out, one
 * for each endpoint, in memory only; those who need it at the same time ask for it once. A 401 takes it for spent: the
 * request goes out again with a new one, in the same attempt.
 */
import { createHash } from 'node:crypto'
import { latestUsed } from '../../core/latest-used.ts'
import type { Clock } from '../../core/clock.ts'
import type { Outcome } from '../../core/outcome.ts'
import { say } from '../../core/sentences/sentences.ts'
import type { Sender, SendRequest } from '../send/send.ts'
import { readToken, type TokenAnswer, tokenRequest } from './token.ts'

/** A token URL that takes longer than this fails the attempt, so that the endpoint still has time to answer. */
const askingMs = 10_000
/** Of a token whose answer did not say how long it holds. */
const unsaidLifeMs = 5 * 60_000
/** A token is not used in its last moments: the request is still on its way when it ends. */
const spareMs = 60_000
/** A 401 to a token younger than this is not the token's age: asking anew would ask at every attempt. */
const youngMs = 10_000

interface Kept {
  answer: Promise<TokenAnswer>
  askedAtMs: number
  /** Known once the answer is. */
  usableUntilMs: number
}

export function withTokens(
  sender: Pick<Sender, 'send'>,
  clock: Clock,
): (request: SendRequest) => Promise<Outcome> {
  const tokens = latestUsed<string, Kept>(10_000)

  /** Of the endpoint as it is set now: other credentials get other tokens. */
  function keyOf({ endpointId, from }: NonNullable<SendRequest['token']>): string {
    const settings = createHash('sha256').update(JSON.stringify(from)).digest('base64url')
    return `${endpointId} ${settings}`
  }

  function tokenOf(key: string, request: SendRequest): Kept {
    const known = tokens.get(key)
    if (known !== undefined && clock.monotonic() < known.usableUntilMs) return known
    const timeoutMs = Math.min(askingMs, request.timeoutMs)
    const question = tokenRequest(request.token!.from, request.tls, timeoutMs)
    const asked: Kept = {
      answer: sender.send(question).then((outcome) => {
        const answer = readToken(outcome)
        if (!answer.ok) forget(key, asked)
        else asked.usableUntilMs = asked.askedAtMs + usableMs(answer.lifeMs ?? unsaidLifeMs)
        return answer
      }),
      askedAtMs: clock.monotonic(),
      usableUntilMs: Number.POSITIVE_INFINITY,
    }
    tokens.set(key, asked)
    return asked
  }

  function forget(key: string, token: Kept): void {
    if (tokens.get(key) === token) tokens.delete(key)
  }

  return (request) => (request.token === undefined ? sender.send(request) : sendWithToken(request))

  async function sendWithToken(request: SendRequest): Promise<Outcome> {
    const startedAtMs = clock.monotonic()
    const key = keyOf(request.token!)
    for (let retrying = false; ; retrying = true) {
      const token = tokenOf(key, request)
      const answer = await token.answer
      const passedMs = Math.round(clock.monotonic() - startedAtMs)
      const leftMs = request.timeoutMs - passedMs
      if (!answer.ok) return noToken(answer.problem, passedMs)
      if (leftMs <= 0) return noToken(say('token_slow'), passedMs)
      const outcome = await sender.send({
        ...request,
        headers: { ...request.headers, authorization: `Bearer ${answer.token}` },
        timeoutMs: leftMs,
      })
      const whole = { ...outcome, durationMs: Math.round(clock.monotonic() - startedAtMs) }
      if (outcome.kind !== 'refused' || outcome.statusCode !== 401) return whole
      if (clock.monotonic() - token.askedAtMs < youngMs) return whole
      forget(key, token)
      if (retrying) return whole
    }
  }
}

/** Of a short life a fifth is spared, so that there is something to use. */
function usableMs(lifeMs: number): number {
  return lifeMs - Math.min(spareMs, lifeMs / 5)
}

function noToken(detail: string, durationMs: number): Outcome {
  return { kind: 'failed', reason: 'token', detail, durationMs }
}
