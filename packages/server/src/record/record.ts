/**
 * Recording writes down what became of every attempt: the delivery's state, the attempt, the endpoint's circuit, the
 * counts, and the operational events that follow, in one transaction for a whole batch.
 *
 * It promises P7 (nothing that was tried goes unrecorded while the database can be reached again before the process
 * ends) and that an outcome which arrives after the work was taken over closes nothing that another node has in hand.
 */
import { type Circuit, type CircuitChange, healthy } from '../core/circuit.ts'
import type { Clock } from '../core/clock.ts'
import { uuidv7 } from '../core/id.ts'
import { waitAtMost } from '../core/wait-at-most.ts'
import { noteChanges } from '../db/changes.ts'
import { inTransaction, isAway, type Pool, type Queryable } from '../db/pool.ts'
import { noteSignals, type Signal } from '../db/signals.ts'
import type { Claim, NodeLease } from '../queue/queue.ts'
import { type Changes, stepCircuits } from './circuit/steps.ts'
import { lockCircuits, saveCircuits } from './circuit/store.ts'
import { endedNothing, isRepeat, writtenAttempts } from './doubt/store.ts'
import { isAwaited, type Recorded, toSettled, type Unwritten } from './recorded.ts'
import { attemptSignals, raisesSignal } from './signals.ts'
import { settle } from './store.ts'

export interface RecordDeps {
  pool: Pool
  clock: Clock
  lease: NodeLease
  /** Whether the endpoint has something in `endpoint_health` that a success must clear. */
  unhealthy: (claim: Claim) => boolean
  /**
   * After the commit: this node's own caches need not wait for the change to come round. A change of null: what it
   * knows of failures is over, and would have each success looked at.
   */
  onCircuit: (appId: string, endpointId: string, change: CircuitChange) => void
  /** After the commit: the endpoint asked to be disabled. */
  onDisable: (claim: Claim, reason: string) => void
  /** After the commit. */
  onSettled: (entry: Unwritten) => void
  log: (message: string, error: unknown) => void
}

const maxBatch = 500
/**
 * Behind a batch the next one gathers for so long, or until it is this large: a statement costs as much as fifteen of
 * its rows, and nobody waits for a delivery to be written down, whose slot is free again.
 */
const gatherMs = 10
const gatheredBatch = 100
/** Between two tries to write; it doubles. A node that stops has no time for longer ones. */
const firstPauseMs = 50

/** A batch this large means load, under which what is awaited gathers too. */
const busyBatch = 20

export class Recorder {
  readonly #deps: RecordDeps
  #waiting: Unwritten[] = []
  /** Asked to be written over a connection that broke before the answer: they may have been. */
  #inDoubt: Unwritten[] = []
  #writing: Promise<void> | undefined
  /** By the monotonic clock. */
  #gathersUntil = Number.NEGATIVE_INFINITY
  #isBusy = false
  #stopGathering: (() => void) | undefined
  #stopPausing: (() => void) | undefined
  #stopping = false
  #abandoned = false
  /** Endpoints this node has seen failing since their circuit was last clean. */
  readonly #failing = new Set<string>()

  constructor(deps: RecordDeps) {
    this.#deps = deps
  }

  /** Outcomes that are not written yet. */
  get backlog(): number {
    return this.#waiting.length
  }

  /** Ids of their deliveries. */
  ids(): string[] {
    return this.#waiting.map(({ claim }) => claim.deliveryId)
  }

  /** Takes an outcome; it is written within milliseconds, with whatever else came in. */
  record(entry: Recorded): void {
    this.#waiting.push({ ...entry, attemptId: uuidv7(this.#deps.clock.now()) })
    if (!this.#mayGather()) this.#stopGathering?.()
    this.#writing ??= this.#write()
  }

  /** Resolves when everything is written; gives up at the deadline and says how much was lost. */
  async stop(deadlineMs: number): Promise<number> {
    this.#stopping = true
    this.#stopGathering?.()
    this.#stopPausing?.()
    if (!this.#writing) return 0
    await waitAtMost(deadlineMs, this.#writing)
    this.#abandoned = true
    return this.#waiting.length
  }

  async #write(): Promise<void> {
    let pauseMs = firstPauseMs
    // After a batch that the database refused: its outcomes one by one, so that the one that is to blame does not
    // hold up the others.
    let alone = 0
    while (this.#waiting.length > 0 && !this.#abandoned) {
      let batch: Unwritten[] = []
      try {
        if (this.#inDoubt.length > 0) await this.#clearDoubt()
        if (alone <= 0) await this.#gather()
        batch = this.#next(alone > 0 ? 1 : maxBatch)
        if (batch.length === 0) continue
        alone -= 1
        await this.#settle(batch)
        this.#forget(batch)
        this.#gathersUntil = this.#deps.clock.monotonic() + gatherMs
        this.#isBusy = batch.length >= busyBatch
        pauseMs = firstPauseMs
      } catch (error) {
        // Not lost: while the database is away the outcomes wait here, few enough since nothing new can be claimed
        // without it.
        if (isAway(error) || isRepeat(error)) {
          if (batch.length > 0) this.#inDoubt = batch
        } else {
          this.#deps.log('outcomes could not be written; trying again', error)
          if (batch.length > 1) alone = batch.length
          else if (batch.length === 1) {
            this.#forget(batch)
            this.#waiting.push(...batch)
          }
        }
        await sleep(this.#stopping ? firstPauseMs : pauseMs, (stop) => (this.#stopPausing = stop))
        pauseMs = Math.min(pauseMs * 2, 2_000)
      }
    }
    this.#writing = undefined
  }

  /** Lets others come, where another batch was written just before; what somebody waits for is not kept waiting. */
  async #gather(): Promise<void> {
    // One turn of the loop, so that what finishes together is written together.
    await new Promise((resolve) => setImmediate(resolve))
    const leftMs = this.#gathersUntil - this.#deps.clock.monotonic()
    if (leftMs <= 0 || !this.#mayGather()) return
    await sleep(leftMs, (stop) => (this.#stopGathering = stop))
  }

  #mayGather(): boolean {
    if (this.#stopping || this.#waiting.length >= gatheredBatch) return false
    return this.#isBusy || !this.#waiting.some(isAwaited)
  }

  /**
   * A batch is one transaction. Where its answer was lost, what it wrote is found by the attempts' ids, and not
   * written again: neither the attempts, nor the counts, nor a step of a circuit.
   */
  async #clearDoubt(): Promise<void> {
    const tried = this.#inDoubt.filter(({ outcome }) => outcome !== null)
    const found = await writtenAttempts(
      this.#deps.pool,
      tried.map(({ claim, attemptId }) => ({ messageId: claim.message.id, attemptId })),
    )
    const written = tried.filter(({ attemptId }) => found.has(attemptId))
    this.#inDoubt = []
    this.#forget(written)
    for (const { claim, outcome } of written)
      if (outcome?.kind !== 'delivered') this.#failing.add(claim.endpoint.id)
    this.#tell(written, new Map())
  }

  /**
   * Each delivery once: after a take-over it may have been sent again before its first outcome was written, and of
   * two in one statement only one counts.
   */
  #next(count: number): Unwritten[] {
    const batch: Unwritten[] = []
    const ids = new Set<string>()
    for (const entry of this.#waiting) {
      if (batch.length === count) break
      if (ids.has(entry.claim.deliveryId)) continue
      ids.add(entry.claim.deliveryId)
      batch.push(entry)
    }
    return batch
  }

  #forget(batch: readonly Unwritten[]): void {
    if (batch.length > 0 && batch.at(-1) === this.#waiting[batch.length - 1])
      this.#waiting.splice(0, batch.length)
    else this.#waiting = this.#waiting.filter((entry) => !batch.includes(entry))
  }

  #stepsCircuit({ claim, outcome }: Unwritten): boolean {
    if (outcome === null) return false
    // A probe's success must close the circuit, also where what this node knows of the endpoint was just dropped from
    // its cache.
    if (outcome.kind !== 'delivered' || claim.probe) return true
    return this.#failing.has(claim.endpoint.id) || this.#deps.unhealthy(claim)
  }

  async #settle(batch: Unwritten[]): Promise<void> {
    const { pool, lease, clock } = this.#deps
    const settled = batch.map(toSettled)
    const shard = Number.parseInt(lease.id.slice(-1), 16)
    const stepped = batch.filter((entry) => this.#stepsCircuit(entry))
    const unused = batch.filter(({ claim, outcome }) => claim.probe && !outcome)
    let changes: Changes = new Map()
    let told: readonly Unwritten[] = batch
    if (stepped.length === 0 && unused.length === 0 && !batch.some(raisesSignal)) {
      await settle(pool, lease.ids, shard, settled)
    } else {
      await inTransaction(pool, async (client) => {
        changes = new Map()
        await settle(client, lease.ids, shard, settled)
        const { circuits, nowMs } = await lockCircuits(client, [
          ...new Set([...stepped, ...unused].map((entry) => entry.claim.endpoint.id)),
        ])
        // A probe that found nothing to send leaves the next one its turn.
        for (const { claim } of unused) {
          const before = circuits.get(claim.endpoint.id)
          if (before?.state === 'half-open')
            circuits.set(claim.endpoint.id, { ...before, state: 'open' })
        }
        told = await this.#asItEnded(client, batch)
        const signals: Signal[] = told.flatMap((entry, i) => attemptSignals(entry, settled[i]!))
        const found = await stepCircuits(client, stepped, circuits, nowMs, this.#deps.unhealthy)
        changes = found.changes
        signals.push(...found.signals)
        await saveCircuits(client, circuits)
        await noteSignals(client, signals, clock.now())
        await noteChanges(
          client,
          [...changes]
            .filter(([, { change }]) => change)
            .map(([endpointId, { claim }]) => ({ kind: 'app', key: claim.app.id, endpointId })),
        )
        this.#remember(circuits)
      })
    }
    this.#tell(told, changes)
  }

  /** Nobody is told that a message was given up which goes on: it was resent during the attempt, or taken over. */
  async #asItEnded(client: Queryable, batch: readonly Unwritten[]): Promise<readonly Unwritten[]> {
    const givenUp = batch.filter(
      ({ outcome, verdict: { kind } }) => outcome && (kind === 'exhausted' || kind === 'hold'),
    )
    const goOn = await endedNothing(
      client,
      givenUp.map(({ attemptId, claim }) => ({
        attemptId,
        endpointId: claim.endpoint.id,
        messageId: claim.message.id,
        deliveryId: claim.deliveryId,
      })),
    )
    if (goOn.size === 0) return batch
    return batch.map((entry) =>
      goOn.has(entry.attemptId) ? { ...entry, verdict: { kind: 'retry', delayMs: 0 } } : entry,
    )
  }

  #remember(circuits: ReadonlyMap<string, Circuit>): void {
    for (const [id, circuit] of circuits) {
      if (circuit === healthy) this.#failing.delete(id)
      else this.#failing.add(id)
    }
    // Endpoints that were deleted while failing would stay for ever; forgetting costs one needless look at a row.
    if (this.#failing.size > 50_000) this.#failing.clear()
  }

  #tell(batch: readonly Unwritten[], changes: Changes): void {
    for (const [endpointId, { claim, change }] of changes)
      this.#deps.onCircuit(claim.app.id, endpointId, change)
    for (const entry of batch) {
      const { claim, verdict } = entry
      if (verdict.kind === 'disable') this.#deps.onDisable(claim, verdict.reason)
      this.#deps.onSettled(entry)
    }
  }
}

/** `stoppable` is given what ends it early, and nothing when it is over. */
async function sleep(ms: number, stoppable: (stop: (() => void) | undefined) => void) {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    stoppable(() => {
      clearTimeout(timer)
      resolve()
    })
  })
  stoppable(undefined)
}
