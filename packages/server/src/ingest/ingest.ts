/**
 * Ingest accepts messages: it routes them, stores message and deliveries in one transaction, and only then says yes.
 *
 * It promises P1: a message that was answered as accepted is durable, with all its deliveries; one that was refused
 * has left nothing behind. Deliveries of healthy endpoints with room leave from memory at once, already leased to
 * this node; all others wait in the queue.
 */
import type { Clock } from '../core/clock.ts'
import { PomboError } from '../core/error.ts'
import { showId } from '../core/id.ts'
import type { Accepted, DedupeKey, IncomingMessage } from '../core/message.ts'
import { say } from '../core/sentences/sentences.ts'
import type { Tracing } from '../core/trace.ts'
import { databaseAway, isAway, type Pool } from '../db/pool.ts'
import { AcceptRate } from './accept-rate.ts'
import type { NewMessage } from './columns.ts'
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts'
import { dispatch, giveBackSlots, type HandOffDeps, takeSlots } from './hand-off.ts'
import { KeyOrder } from './key-order.ts'
import type { IngestObserver } from './observer.ts'
import { prepare, type PrepareDeps, renew } from './prepare.ts'
import { type AppRoutes, needsOwnStatement, type Prepared } from './prepared.ts'
import { insertAlone, insertBatch, keyHolder, refusedAsLate } from './store.ts'
import { storeTraced } from './traced.ts'
import type { WaitingLimits } from './waiting-room.ts'

export interface IngestDeps extends PrepareDeps, HandOffDeps {
  pool: Pool
  clock: Clock
  routesOf: (
    tenantId: string,
    appId: string,
  ) => AppRoutes | undefined | Promise<AppRoutes | undefined>
  observe: IngestObserver
  /** Absent: nothing is traced. */
  trace?: Tracing | undefined
  commit: Pick<GroupCommitOptions, 'maxBatch' | 'windowMs'> & WaitingLimits
  /** A write was not answered: there may be deliveries leased to this node of which it does not know. */
  lookForStrays: () => void
}

/** Payloads above this do not share a commit with others: they would make everyone wait for their bytes. */
const largePayloadBytes = 64 * 1024
/** Nor do messages to more endpoints than this: everyone would wait for their rows. */
const manyDeliveries = 100

/** Messages that have waited for longer are made anew before they are stored (`stored_in_time`). */
const freshMs = 1_000
/** Refused so often as late, they are refused to who sent them: each time the database was not reached for seconds. */
const lateTries = 3

export class Ingest {
  readonly #deps: IngestDeps
  readonly #small: GroupCommit
  readonly #large: GroupCommit
  readonly #keyOrder: KeyOrder
  readonly #rate: AcceptRate
  readonly #storing = new Set<readonly Prepared[]>()
  readonly #opened = Promise.withResolvers<void>()
  #state: 'starting' | 'open' | 'stopping' = 'starting'

  constructor(deps: IngestDeps) {
    this.#deps = deps
    this.#rate = new AcceptRate(deps.clock, deps.lease)
    const options = {
      ...deps.commit,
      commit: (batch: readonly NewMessage[]) => this.#store(batch as readonly Prepared[]),
      observe: deps.observe.commit,
      yields: () => deps.congested() || deps.slots.behind,
    }
    this.#small = new GroupCommit({ ...options, concurrency: 1 })
    this.#large = new GroupCommit({ ...options, concurrency: 2, maxBatch: 4 })
    this.#keyOrder = new KeyOrder(deps.commit)
  }

  /** From now on messages are stored. Those that came before (the port is bound first) have waited for it. */
  start(): void {
    this.#state = 'open'
    this.#opened.resolve()
  }

  /**
   * Accepts one message. Resolves when it is durable, or is known to be a repeat.
   * @throws PomboError `not_found`, `rate_limited`, `overloaded`: nothing was stored; `database_away`: it may have
   * been, and the answer lost
   */
  async accept(incoming: IncomingMessage): Promise<Accepted> {
    try {
      return await this.#accept(incoming)
    } catch (error) {
      this.#deps.observe.accepted('refused')
      throw databaseAway(error) ?? error
    }
  }

  /**
   * Accepts many, each for itself; the answers are in the order of the messages, which is also the order in which
   * they are stored. No more at a time than a commit takes, so that a long list does not fill the room for waiting
   * messages by itself, and be refused again however often it is repeated.
   */
  async acceptMany(incoming: readonly IncomingMessage[]): Promise<(Accepted | PomboError)[]> {
    const { maxBatch, maxWaiting } = this.#deps.commit
    const together = Math.min(maxBatch, maxWaiting)
    const answers: (Accepted | PomboError)[] = []
    while (answers.length < incoming.length) {
      const part = incoming.slice(answers.length, answers.length + together)
      const settled = await Promise.allSettled(part.map((one) => this.accept(one)))
      let away: PomboError | undefined
      for (const answer of settled) {
        if (answer.status === 'rejected' && !(answer.reason instanceof PomboError))
          throw answer.reason
        const one = answer.status === 'fulfilled' ? answer.value : (answer.reason as PomboError)
        if (one instanceof PomboError && one.status === 503) away = one
        answers.push(one)
      }
      // Those after it would not fare better, and are sent again with it.
      if (away) while (answers.length < incoming.length) answers.push(away)
    }
    return answers
  }

  /** Ids of the deliveries that are being stored under this node's lease. */
  storing(): string[] {
    return [...this.#storing].flatMap((batch) =>
      batch.flatMap((prepared) =>
        prepared.deliveries.filter((delivery) => delivery.leased).map((delivery) => delivery.id),
      ),
    )
  }

  /** Takes nothing new, and resolves when what was taken is stored. */
  async stop(): Promise<void> {
    this.#state = 'stopping'
    this.#opened.resolve()
    await this.#keyOrder.drain()
    await Promise.all([this.#small.drain(), this.#large.drain()])
  }

  async #accept(incoming: IncomingMessage): Promise<Accepted> {
    // Before the node is registered there is nobody to lease to, and on a new database no partition to write to.
    if (this.#state === 'starting') await this.#opened.promise
    if (this.#state === 'stopping')
      throw new PomboError('overloaded', { detail: say('stopping') }, { retryAfterSeconds: 1 })
    const found = this.#deps.routesOf(incoming.tenantId, incoming.appId)
    const routes = found instanceof Promise ? await found : found
    if (!routes)
      throw new PomboError('not_found', { what: 'app', id: showId('app', incoming.appId) })
    // What Pombo itself tells the tenant is nothing that the tenant sends in.
    if (routes.app.kind === 'app') {
      this.#rate.check('app', routes.app.id, routes.app.throttleRate)
      this.#rate.check('tenant', routes.app.tenantId, routes.app.tenantAcceptRate)
    }
    const prepared = prepare(incoming, routes, this.#deps.clock.now(), this.#deps)
    const { trace } = this.#deps
    const stored = trace
      ? await storeTraced(prepared, trace, () => this.#storeOne(prepared))
      : await this.#storeOne(prepared)
    if (!stored) return await this.#duplicate(prepared.dedupe, incoming)
    this.#deps.observe.accepted(prepared.unmatched === null ? 'accepted' : 'unmatched')
    this.#deps.observe.stored(prepared)
    return {
      outcome: 'accepted',
      message: prepared.message,
      deliveries: prepared.deliveries.length,
    }
  }

  #storeOne(prepared: Prepared): Promise<boolean> {
    const { message, payloadBytes, deliveries } = prepared
    const alone = needsOwnStatement(prepared)
    const large = payloadBytes > largePayloadBytes || deliveries.length > manyDeliveries
    const store = () => {
      if (alone) return this.#storeAlone(prepared)
      return (large ? this.#large : this.#small).add(prepared)
    }
    if (!deliveries.some(({ ordered }) => ordered)) return store()
    const key = `${message.appId} ${message.orderingKey}`
    return this.#keyOrder.store(key, !alone && !large, payloadBytes, store)
  }

  #store(batch: readonly Prepared[]): Promise<boolean[]> {
    return this.#write(batch, async (node) => {
      const stored = await insertBatch(this.#deps.pool, node, batch)
      return batch.map((prepared) => stored === 'all' || stored.has(prepared.message.id))
    })
  }

  async #storeAlone(prepared: Prepared): Promise<boolean> {
    const [stored] = await this.#write([prepared], async (node) => [
      await insertAlone(this.#deps.pool, node, prepared),
    ])
    return stored!
  }

  async #write(
    batch: readonly Prepared[],
    insert: (node: string) => Promise<boolean[]>,
  ): Promise<boolean[]> {
    const node = this.#deps.lease.id
    for (const prepared of batch) takeSlots(prepared, this.#deps)
    this.#storing.add(batch)
    try {
      const fresh = await this.#inTime(batch, () => insert(node))
      dispatch(batch, fresh, node, this.#deps)
      return fresh
    } catch (error) {
      giveBackSlots(batch, this.#deps.slots)
      // It may have taken effect all the same (the connection broke before the answer): then what it leased to us is
      // a stray.
      if (isAway(error)) this.#deps.lookForStrays()
      throw error
    } finally {
      this.#storing.delete(batch)
    }
  }

  async #inTime(batch: readonly Prepared[], insert: () => Promise<boolean[]>): Promise<boolean[]> {
    let nowMs = this.#deps.clock.now()
    for (let tries = 1; ; tries++) {
      for (const prepared of batch)
        if (nowMs - prepared.message.createdAtMs > freshMs) renew(prepared, nowMs, this.#deps)
      try {
        return await insert()
      } catch (error) {
        const databaseNowMs = refusedAsLate(error)
        if (databaseNowMs === undefined) throw error
        if (tries === lateTries)
          throw new PomboError(
            'overloaded',
            { detail: say('database_slow') },
            { retryAfterSeconds: 1, cause: error },
          )
        nowMs = databaseNowMs
      }
    }
  }

  async #duplicate(
    dedupe: readonly { scope: string; key: DedupeKey }[],
    incoming: IncomingMessage,
  ): Promise<Accepted> {
    this.#deps.observe.accepted('duplicate')
    // The tenant's idempotency key is looked at first: a repeated request repeats its event id too.
    for (const { scope, key } of dedupe.toSorted((a) => (a.key.kind === 'idempotency' ? -1 : 1))) {
      const holder = await keyHolder(this.#deps.pool, scope, key)
      if (!holder) continue
      const sameRequest =
        !key.requestHash || !holder.requestHash || key.requestHash.equals(holder.requestHash)
      return { outcome: 'duplicate', of: holder.messageId, kind: key.kind, sameRequest }
    }
    // The key ran out between the two statements: then it is not a repeat.
    return await this.#accept(incoming)
  }
}
