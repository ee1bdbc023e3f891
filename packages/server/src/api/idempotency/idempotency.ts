/**
 * `Idempotency-Key`: the same answer to the same POST for 24 hours, on every node and over restarts, since it is a row.
 *
 * Only answers of success are kept: a refusal changed nothing, so asking again is safe, and may go better once its
 * cause is mended. While the first request is under way, others with its key get 409. What the database was away for
 * is told to it when it is back; a first request whose node died holds its key until that node's lease is over, and
 * what it may have done by then is done again. Messages do without this gap: their key is committed with them
 * (`dedupe`).
 */
import { createHash, randomUUID } from 'node:crypto'
import { invalid, PomboError } from '../../core/error.ts'
import type { Answer } from '../route.ts'
import { say } from '../../core/sentences/sentences.ts'
import { isAway, isUnable } from '../../db/pool.ts'

export const idempotencyWindowSeconds = 86_400

export interface Claim {
  tenantId: string
  /** The app that the caller's token reaches; its keys are its own. Null: the tenant's. */
  appId: string | null
  key: string
  hash: Buffer
}

/** `mine`: go ahead. */
export type ClaimResult =
  | { state: 'mine' }
  /** `own`: by this process. */
  | { state: 'running'; requestId: string | null; own: boolean }
  | { state: 'other-request' }
  | { state: 'done'; answer: Answer }

export interface IdempotencyStore {
  /**
   * @param requestId made by the caller, so that a claim can be taken back whose answer did not come
   * @param replaces a request that is known to be over, and holds the key still
   * @param unsure called before the statement goes out: without its answer the key may be held
   */
  claim(
    claim: Claim,
    requestId: string,
    replaces: string | null,
    unsure: () => void,
  ): Promise<ClaimResult>
  settle(claim: Claim, requestId: string, answer: Answer): Promise<void>
  release(claim: Claim, requestId: string): Promise<void>
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

const retryMs = 500

export class Idempotency {
  readonly #store: IdempotencyStore
  readonly #stopping: AbortSignal
  readonly #report: (error: unknown) => void
  /** Requests that may hold a key: there before it is claimed. */
  readonly #underWay = new Set<string>()
  /** What the database is to be told when it is back, by the request that it is about. */
  readonly #owed = new Map<string, () => Promise<void>>()
  #isDue = false

  /** @param report gets why an answer could not be kept, or a key not freed */
  constructor(store: IdempotencyStore, stopping: AbortSignal, report: (error: unknown) => void) {
    this.#store = store
    this.#stopping = stopping
    this.#report = report
  }

  /**
   * Does the work once for a key, or answers what it answered then. Where the work is done but its answer could not be
   * kept, the caller is told of the work all the same.
   */
  async once(
    claim: Claim,
    work: () => Promise<Answer>,
    replaces: string | null = null,
  ): Promise<Answer> {
    const requestId = randomUUID()
    this.#underWay.add(requestId)
    const found = await this.#claim(claim, requestId, replaces)
    if (found.state !== 'mine') this.#underWay.delete(requestId)
    switch (found.state) {
      case 'done':
        return found.answer
      case 'running': {
        const { own, requestId: first } = found
        const settle = first !== null && this.#owed.get(first)
        // It has ended here, which the database has not heard yet.
        if (settle) await settle()
        else if (!own || first === null || this.#underWay.has(first))
          throw new PomboError('idempotency_in_progress', { key: claim.key })
        return await this.once(claim, work, first)
      }
      case 'other-request':
        throw new PomboError('idempotency_mismatch', { key: claim.key })
      case 'mine': {
        let answer: Answer
        try {
          answer = await work()
        } catch (error) {
          await this.#tell(requestId, () => this.#store.release(claim, requestId))
          // Nothing was done: whatever the database says of it, who asks here again begins anew.
          this.#underWay.delete(requestId)
          throw error
        }
        await this.#tell(requestId, () => this.#store.settle(claim, requestId, answer))
        return answer
      }
    }
  }

  async #claim(claim: Claim, requestId: string, replaces: string | null): Promise<ClaimResult> {
    let sent = false
    try {
      return await this.#store.claim(claim, requestId, replaces, () => (sent = true))
    } catch (error) {
      if (sent) this.#owe(requestId, () => this.#store.release(claim, requestId))
      else this.#underWay.delete(requestId)
      throw error
    }
  }

  async #tell(requestId: string, what: () => Promise<void>): Promise<void> {
    try {
      await what()
      this.#owed.delete(requestId)
      this.#underWay.delete(requestId)
    } catch (error) {
      if (isAway(error) || isUnable(error)) return this.#owe(requestId, what)
      this.#owed.delete(requestId)
      this.#report(error)
    }
  }

  #owe(requestId: string, what: () => Promise<void>): void {
    this.#owed.set(requestId, what)
    if (this.#isDue) return
    this.#isDue = true
    setTimeout(() => void this.#tellAll(), retryMs).unref()
  }

  async #tellAll(): Promise<void> {
    for (const [requestId, what] of this.#owed) {
      if (this.#stopping.aborted) return
      await this.#tell(requestId, what)
      if (this.#owed.has(requestId)) break
    }
    this.#isDue = false
    const [next] = this.#owed
    if (next) this.#owe(...next)
  }
}
