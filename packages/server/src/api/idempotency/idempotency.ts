/**
 * `Idempotency-Key`: the same answer to the same POST for 24 hours, on every node and over restarts, since it is a row.
 *
 * Only answers of success are kept: a refusal changed nothing, so asking again is safe, and may go better once its
 * cause is mended. While the first request is under way, others with its key get 409. A first request whose node died
 * holds its key for two minutes; what it may have done by then is done again. Messages do without this gap: their key
 * is committed with them (`dedupe`).
 */
import { createHash } from 'node:crypto'
import { invalid, PomboError } from '../../core/error.ts'
import type { Answer } from '../route.ts'
import { say } from '../../core/sentences/sentences.ts'

export const idempotencyWindowSeconds = 86_400

export interface Claim {
  tenantId: string
  /** The app that the caller's token reaches; its keys are its own. Null: the tenant's. */
  appId: string | null
  key: string
  hash: Buffer
}

/** `mine`: go ahead; `token` is for settling. */
export type ClaimResult =
  | { state: 'mine'; token: string }
  | { state: 'running' }
  | { state: 'other-request' }
  | { state: 'done'; answer: Answer }

export interface IdempotencyStore {
  claim(claim: Claim): Promise<ClaimResult>
  settle(claim: Claim, token: string, answer: Answer): Promise<void>
  release(claim: Claim, token: string): Promise<void>
  /** Forgets the answers, and the requests behind them, whose key or text is to be forgotten. @returns how many */
  forget(tenantId: string, isMeant: (text: string) => boolean): Promise<number>
}

/** The header's value, if there is one. */
export function keyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const key = String(header)
  if (!/^[\x21-\x7e]{1,256}$/.test(key)) {
    throw invalid(['header', 'idempotency-key'], say('idempotency_key_form'))
  }
  return key
}

/** What makes two requests the same: where they go and what they say. */
export function requestHash(target: string, body: string): Buffer {
  return createHash('sha256').update(target).update('\n').update(body).digest()
}

/**
 * Does the work once for a key, or answers what it answered then. Where the work is done but its answer could not be
 * kept, the caller is told of the work all the same; `unkept` gets the reason.
 */
export async function once(
  store: IdempotencyStore,
  claim: Claim,
  work: () => Promise<Answer>,
  unkept: (error: unknown) => void,
): Promise<Answer> {
  const found = await store.claim(claim)
  switch (found.state) {
    case 'done':
      return found.answer
    case 'running':
      throw new PomboError('idempotency_in_progress', { key: claim.key })
    case 'other-request':
      throw new PomboError('idempotency_mismatch', { key: claim.key })
    case 'mine': {
      let answer: Answer
      try {
        answer = await work()
      } catch (error) {
        await store.release(claim, found.token).catch(unkept)
        throw error
      }
      await store.settle(claim, found.token, answer).catch(unkept)
      return answer
    }
  }
}
