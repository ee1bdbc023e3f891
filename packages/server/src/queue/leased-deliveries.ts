import { beginTurn } from '../core/turn.ts'
import { waitAtMost } from '../core/wait-at-most.ts'
import type { MaybeLater } from '../core/when-there.ts'
import { isAway, type Pool } from '../db/pool.ts'
import { messagesOf } from './claim/message/store.ts'
import { dropProbe } from './claim/probe/store.ts'
import { release } from './claim/store.ts'
import { type Current, type Held, mayGo, maySend } from './held.ts'
import type { Claim, NodeLease, Slots } from './queue.ts'
import { Turns } from './turns.ts'

export interface LeasedDeliveriesDeps {
  pool: Pool
  lease: NodeLease
  slots: Slots
  /** Sends claims of one endpoint in one request, and records them; answers which it did not send. */
  deliver: (claims: readonly Claim[]) => Promise<readonly Claim[]>
  /**
   * The endpoint as it is now: it may have been paused, disabled or changed while its deliveries waited. At once where
   * it is in memory; undefined: it cannot be known. Never rejects.
   */
  current: (claim: Claim) => MaybeLater<Current>
  /** Work waits in the database for the slots that have become free. */
  wake: (endpointId: string) => void
  log: (message: string, error: unknown) => void
}

/** Deliveries that are being gathered for one request. */
interface OpenBatch {
  group: Held[]
  timer: NodeJS.Timeout
}

/**
 * Deliveries leased to this node: under way or waiting in memory for their endpoint's turn, or for more where
 * the endpoint takes batches. Everything that comes in leaves either sent and recorded, or put back.
 */
export class LeasedDeliveries {
  readonly #deps: LeasedDeliveriesDeps
  readonly #held = new Map<string, Claim>()
  /** Requests' worth of deliveries, in the order in which they came, for each endpoint. */
  readonly #waiting = new Map<string, Held[][]>()
  readonly #batches = new Map<string, OpenBatch>()
  /** Endpoints that are being looked up before more is sent to them, and whether they were changed meanwhile. */
  readonly #lookedUp = new Map<string, { changed: boolean }>()
  /**
   * Of endpoints that have not had their turn yet: requests for an event of 500 endpoints, made in one go, would hold
   * up everything else of the node for a fifth of a second.
   */
  readonly #turns = new Turns((endpointId) => this.#next(endpointId))
  readonly #released: Claim[] = []
  #stopping = false
  #empty: (() => void) | undefined

  constructor(deps: LeasedDeliveriesDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#held.size
  }

  /** Ids of the leased deliveries, and of those whose release is still to be written. */
  ids(): string[] {
    return [...this.#held.keys(), ...this.#released.map((claim) => claim.deliveryId)]
  }

  /**
   * Whether this node still has the right to send it. After its lease was lost somebody else may have it, even under
   * a new lease.
   */
  holds(claim: Claim): boolean {
    const { lease } = this.#deps
    return lease.valid() && claim.leasedBy === lease.id
  }

  /** Takes deliveries whose slots are taken, and sends what may be sent at once: in turns, where they are many. */
  add(claims: readonly Claim[], payloadLeftOut?: ReadonlySet<Claim>): void {
    const over = beginTurn()
    for (const claim of claims) {
      // It was taken from us while its request was under way, and has come back: what that request brings decides,
      // unless it was resent meanwhile; then its turn comes after that.
      const underWay = this.#held.get(claim.deliveryId)
      if (underWay) {
        if (claim.trigger === underWay.trigger) underWay.leasedBy = claim.leasedBy
        else this.#released.push(claim)
        this.#deps.slots.release(claim.endpoint, claim.payloadBytes)
        continue
      }
      this.#held.set(claim.deliveryId, claim)
      const held = { claim, payloadLeftOut: payloadLeftOut?.has(claim) ?? false }
      if (claim.endpoint.batch) this.#gather(held, claim.endpoint.batch)
      else if (!over()) this.#offer(held)
      else {
        this.#push([held])
        this.#turns.add(claim.endpoint.id)
      }
    }
  }

  /**
   * Puts back everything that waits: the lease is lost. What is under way is no longer ours either, and is recorded
   * all the same.
   */
  releaseAll(): void {
    for (const endpointId of new Set([...this.#waiting.keys(), ...this.#batches.keys()]))
      this.releaseEndpoint(endpointId)
  }

  /** Puts back what waits for an endpoint: its circuit opened, or it was paused. */
  releaseEndpoint(endpointId: string): void {
    const batch = this.#batches.get(endpointId)
    if (batch) clearTimeout(batch.timer)
    this.#batches.delete(endpointId)
    const waiting = this.#waiting.get(endpointId) ?? []
    this.#waiting.delete(endpointId)
    for (const { claim } of [...waiting.flat(), ...(batch?.group ?? [])])
      this.#remove(claim, 'back')
  }

  /** What waits for what was changed (an endpoint, an app, anything) and may not go any more is put back at once. */
  look(appId?: string, changedId?: string): void {
    if (changedId !== undefined) return this.#look(changedId)
    for (const endpointId of new Set([...this.#waiting.keys(), ...this.#batches.keys()]))
      if (appId === undefined || this.#first(endpointId)?.app.id === appId) this.#look(endpointId)
  }

  #look(endpointId: string): void {
    const lookedUp = this.#lookedUp.get(endpointId)
    if (lookedUp) lookedUp.changed = true
    else this.#next(endpointId)
  }

  /**
   * Sends nothing more, waits until the deadline for what is under way.
   * @returns how many were still under way then
   */
  async stop(deadlineMs: number): Promise<number> {
    this.#stopping = true
    this.releaseAll()
    if (this.#held.size > 0)
      await waitAtMost(deadlineMs, new Promise<void>((resolve) => (this.#empty = resolve)))
    return this.#held.size
  }

  /**
   * Writes the releases of what was not sent.
   * @returns the endpoints whose it is
   */
  async writeReleases(): Promise<ReadonlySet<string>> {
    if (this.#released.length === 0) return new Set()
    const back = [...this.#released]
    for (const { probe, endpoint, leasedBy } of back)
      if (probe) await dropProbe(this.#deps.pool, endpoint.id, leasedBy)
    await release(
      this.#deps.pool,
      back.map((claim) => ({
        endpointId: claim.endpoint.id,
        messageId: claim.message.id,
        deliveryId: claim.deliveryId,
        leasedBy: claim.leasedBy,
      })),
    )
    this.#released.splice(0, back.length)
    return new Set(back.map((claim) => claim.endpoint.id))
  }

  #gather(held: Held, { maxEvents, maxWaitMs }: { maxEvents: number; maxWaitMs: number }): void {
    const endpointId = held.claim.endpoint.id
    let batch = this.#batches.get(endpointId)
    if (!batch) {
      const done = () => {
        this.#batches.delete(endpointId)
        this.#await(batch!.group)
      }
      batch = { group: [], timer: setTimeout(done, maxWaitMs) }
      this.#batches.set(endpointId, batch)
    }
    batch.group.push(held)
    if (batch.group.length < maxEvents) return
    clearTimeout(batch.timer)
    this.#batches.delete(endpointId)
    this.#await(batch.group)
  }

  #offer(held: Held): void {
    const { endpoint } = held.claim
    if (!this.#waiting.has(endpoint.id) && this.#deps.slots.begin(endpoint)) void this.#send([held])
    else this.#push([held])
  }

  /** What was gathered goes in its turn, to the endpoint as it is by then. */
  #await(group: Held[]): void {
    this.#push(group)
    this.#next(group[0]!.claim.endpoint.id)
  }

  #push(group: Held[]): void {
    const { endpoint } = group[0]!.claim
    const waiting = this.#waiting.get(endpoint.id)
    if (waiting) waiting.push(group)
    else this.#waiting.set(endpoint.id, [group])
  }

  #first(endpointId: string): Claim | undefined {
    const group = this.#waiting.get(endpointId)?.[0] ?? this.#batches.get(endpointId)?.group
    return group?.[0]!.claim
  }

  #next(endpointId: string): void {
    const first = this.#first(endpointId)
    if (!first || this.#lookedUp.has(endpointId)) return
    const now = this.#deps.current(first)
    if (!(now instanceof Promise)) {
      this.#sendWaiting(endpointId, now)
      return
    }
    const lookedUp = { changed: false }
    this.#lookedUp.set(endpointId, lookedUp)
    void now.then((found) => {
      this.#lookedUp.delete(endpointId)
      this.#sendWaiting(endpointId, found)
      // What was found may be from before the change.
      if (lookedUp.changed) this.#next(endpointId)
    })
  }

  #sendWaiting(endpointId: string, now: Current): void {
    const gathered = this.#batches.get(endpointId)?.group
    const waiting = this.#waiting.get(endpointId) ?? []
    if (now && gathered && !maySend(gathered, now)) {
      this.releaseEndpoint(endpointId)
      return
    }
    while (waiting.length > 0) {
      const group = waiting[0]!
      if (now && !mayGo(group, now)) {
        this.releaseEndpoint(endpointId)
        return
      }
      if (now && now !== 'gone') for (const { claim } of group) claim.endpoint = now.endpoint
      if (!this.#deps.slots.begin(group[0]!.claim.endpoint)) return
      waiting.shift()
      void this.#send(group)
    }
    this.#waiting.delete(endpointId)
  }

  async #send(group: readonly Held[]): Promise<void> {
    const { slots, deliver, log } = this.#deps
    const claims = group.map(({ claim }) => claim)
    const endpointId = claims[0]!.endpoint.id
    let unsent: readonly Claim[] = claims
    const startedAt = performance.now()
    try {
      const read = group.some((held) => held.payloadLeftOut)
      if (read) await this.#readPayloads(group)
      // Stopped for longer than the lease, or taken over: somebody else has it now.
      if (claims.every((claim) => this.holds(claim)) && !(read && this.#stopping))
        unsent = await deliver(claims)
    } catch (error) {
      if (!isAway(error)) log('a delivery failed before it was sent; it is put back', error)
    } finally {
      slots.end(endpointId, performance.now() - startedAt)
      for (const claim of claims) this.#remove(claim, unsent.includes(claim) ? 'back' : 'sent')
      this.#next(endpointId)
    }
  }

  /** Large payloads are read right before they are sent, so that none waits in memory. */
  async #readPayloads(group: readonly Held[]): Promise<void> {
    for (const { claim, payloadLeftOut } of group) {
      if (!payloadLeftOut) continue
      const [full] = await messagesOf(
        this.#deps.pool,
        [{ app_id: claim.message.appId, message_id: claim.message.id }],
        0x7fffffff,
      )
      claim.message.payload = full?.payload ?? null
    }
  }

  #remove(claim: Claim, how: 'sent' | 'back'): void {
    const { slots, wake } = this.#deps
    if (how === 'back') {
      this.#released.push(claim)
      slots.setBacklog(claim.endpoint, true)
    }
    this.#held.delete(claim.deliveryId)
    if (slots.release(claim.endpoint, claim.payloadBytes)) wake(claim.endpoint.id)
    if (this.#held.size === 0) this.#empty?.()
  }
}
