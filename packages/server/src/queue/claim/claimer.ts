import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { isAway, type Pool } from '../../db/pool.ts'
import type { LeasedDeliveries } from '../leased-deliveries.ts'
import { type Claim, drawOrder, type NodeLease, type Slots } from '../queue.ts'
import { type ClaimableEndpoint, claimOf } from './claim-of.ts'
import { ClaimFloors, fromTheStart } from './floors.ts'
import { messagesOf } from './message/store.ts'
import { dropProbe, takeProbe } from './probe/store.ts'
import {
  claim,
  type ClaimedRow,
  claimOrdered,
  type ClaimRequest,
  keysPerClaim,
  type OrderedClaimRequest,
  release,
} from './store.ts'
import { endpointsDue } from './waiting/store.ts'

export interface ClaimerDeps {
  pool: Pool
  clock: Clock
  lease: NodeLease
  slots: Slots
  leased: LeasedDeliveries
  random: () => number
  /** The ones that are missing were deleted. */
  endpointsOf: (ids: string[]) => Promise<ReadonlyMap<string, ClaimableEndpoint>>
  /** Closes waiting work of an endpoint that is gone. */
  discard: (endpointId: string) => Promise<void>
  observeClaim: (rows: number, seconds: number) => void
  log: (message: string, detail: unknown) => void
  pollMs: number
}

/** Payloads above this are read one by one, right before they are sent. */
const inlineBytes = 256 * 1024

/**
 * Claims from endpoints that it is told of: which of them may be claimed from, how much has room, the claim itself,
 * and the messages behind what was taken. When to look, and where, is the dispatcher's.
 */
export class Claimer {
  readonly #deps: ClaimerDeps
  /** An endpoint is to be looked at again. */
  readonly #wake: (endpointId: string) => void
  /** Where the next look at an ordered endpoint's keys begins. */
  readonly #keyCursor = new Map<string, string>()
  /** Rates, or endpoints with one of their own, for which a timer runs. */
  readonly #rateWaits = new Set<string>()
  readonly floors = new ClaimFloors()

  constructor(deps: ClaimerDeps, wake: (endpointId: string) => void) {
    this.#deps = deps
    this.#wake = wake
  }

  /**
   * One claim from these endpoints, and from those that wait for the same rates. `keyed`: known to have work with
   * ordering keys, also where they keep no order any more.
   */
  async from(ids: string[], keyed: ReadonlySet<string>): Promise<void> {
    const { slots } = this.#deps
    const states = new Map<string, ClaimableEndpoint>()
    const able = await this.#claimable(ids, states)
    const others = slots.shared.alsoWaiting(able)
    if (others.length > 0) able.push(...(await this.#claimable(others, states)))
    const due = await this.#withWorkDue(able)
    const free = slots.freeOfEach(due)
    const requests: ClaimRequest[] = []
    const ordered: OrderedClaimRequest[] = []
    for (const endpoint of due) {
      const request = this.#request(endpoint, free.get(endpoint.id) ?? 0)
      if (!request) continue
      requests.push(request)
      if (endpoint.ordering === 'key' || keyed.has(endpoint.id))
        ordered.push(this.#ordered(endpoint, request.free))
    }
    if (requests.length > 0) await this.#claim(requests, ordered, states)
  }

  /**
   * The endpoints from which may be claimed, all of them noted in `states`; those with an open circuit are probed
   * instead.
   */
  async #claimable(ids: string[], states: Map<string, ClaimableEndpoint>): Promise<Endpoint[]> {
    const { endpointsOf, discard, slots } = this.#deps
    const found = await endpointsOf(ids)
    const able: Endpoint[] = []
    for (const id of ids) {
      const one = found.get(id)
      if (one) states.set(id, one)
      const closed = (one?.health?.circuit ?? 'closed') === 'closed'
      if (one && closed && !one.endpoint.disabled && !one.endpoint.paused) {
        able.push(one.endpoint)
        continue
      }
      // An endpoint that is gone, disabled or paused waits for no rate.
      slots.shared.forget(id)
      if (!one) await this.#alone(() => discard(id))
      else if (!one.endpoint.disabled && !one.endpoint.paused)
        await this.#alone(() => this.#probe(one))
    }
    return able
  }

  /**
   * Endpoints that share a rate are asked first whether anything of theirs is due: the others are not to wait for a
   * turn that nobody uses.
   */
  async #withWorkDue(endpoints: readonly Endpoint[]): Promise<readonly Endpoint[]> {
    const { slots, pool } = this.#deps
    const asked = endpoints.filter((one) => slots.shared.keyOf(one) && slots.free(one) > 0)
    if (asked.length === 0) return endpoints
    const due = await endpointsDue(
      pool,
      asked.map(({ id }) => id),
    )
    const idle = new Set(asked.filter(({ id }) => !due.has(id)))
    for (const endpoint of idle) slots.setBacklog(endpoint, false)
    return endpoints.filter((one) => !idle.has(one))
  }

  #request(endpoint: Endpoint, free: number): ClaimRequest | undefined {
    const { slots, random } = this.#deps
    if (free < 1) {
      slots.setBacklog(endpoint, true)
      this.#wakeAtRate(endpoint)
      return undefined
    }
    const floors = this.floors.of(endpoint.id, this.#deps.clock.monotonic())
    return { endpointId: endpoint.id, free, order: drawOrder(random()), floors }
  }

  #ordered({ id, batch }: Endpoint, free: number): OrderedClaimRequest {
    return {
      endpointId: id,
      free,
      afterKey: this.#keyCursor.get(id) ?? '',
      run: batch?.maxEvents ?? 1,
    }
  }

  async #claim(
    requests: ClaimRequest[],
    ordered: OrderedClaimRequest[],
    states: ReadonlyMap<string, ClaimableEndpoint>,
  ): Promise<void> {
    const { pool, slots, lease, observeClaim } = this.#deps
    const leasedBy = lease.id
    const startedAt = performance.now()
    const rows = await claim(pool, leasedBy, requests)
    this.#noteFloors(requests, rows, performance.now() - startedAt)
    const heads = ordered.length > 0 ? await claimOrdered(pool, leasedBy, ordered) : []
    // An update answers in no order; what goes out in one request goes in the order of acceptance.
    const claimed = [
      ...rows.toSorted((a, b) => (a.message_id < b.message_id ? -1 : 1)),
      ...heads.toSorted((a, b) => a.seq - b.seq),
    ]
    observeClaim(claimed.length, (performance.now() - startedAt) / 1000)
    const taken = Map.groupBy(claimed, (row) => row.endpoint_id)
    for (const request of requests) {
      const { endpoint } = states.get(request.endpointId)!
      const full = (taken.get(request.endpointId)?.length ?? 0) >= request.free
      slots.setBacklog(endpoint, full)
      if (full) this.#wakeAtRate(endpoint)
    }
    for (const request of ordered) this.#moveCursor(request, heads)
    await this.#dispatch(claimed, states, leasedBy)
  }

  #noteFloors(
    requests: readonly ClaimRequest[],
    rows: readonly ClaimedRow[],
    tookMs: number,
  ): void {
    const now = this.#deps.clock.monotonic()
    const taken = Map.groupBy(rows, (row) => row.endpoint_id)
    for (const { endpointId, floors } of requests) {
      const full = floors === fromTheStart ? { tookMs } : undefined
      this.floors.note(endpointId, taken.get(endpointId) ?? [], full, now)
    }
  }

  /**
   * Behind the last key that gave something, so that a thousand waiting keys do not hide the one after them; from the
   * start at the end.
   */
  #moveCursor(
    request: OrderedClaimRequest,
    heads: readonly { endpoint_id: string; last_key: string }[],
  ): void {
    const own = heads
      .filter((head) => head.endpoint_id === request.endpointId)
      .map((head) => head.last_key)
      .toSorted()
    if (own.length >= request.free || own.length >= keysPerClaim)
      this.#keyCursor.set(request.endpointId, own.at(-1)!)
    else if (request.afterKey !== '') {
      this.#keyCursor.delete(request.endpointId)
      this.#wake(request.endpointId)
    }
  }

  /** Reads the messages behind claimed rows and takes them in hand. */
  async #dispatch(
    rows: readonly ClaimedRow[],
    states: ReadonlyMap<string, ClaimableEndpoint>,
    leasedBy: string,
    probe = false,
  ): Promise<void> {
    if (rows.length === 0) return
    const { pool, slots, leased } = this.#deps
    // Taken before the payloads are read: in between, nothing else may use the room.
    for (const row of rows) slots.lease(states.get(row.endpoint_id)!.endpoint, row.payload_bytes)
    try {
      const messages = new Map(
        (await messagesOf(pool, rows, inlineBytes)).map((message) => [message.id, message]),
      )
      const leftOut = new Set<Claim>()
      const claims = rows.map((row) => {
        const message = messages.get(row.message_id)
        const one = claimOf(row, message, states.get(row.endpoint_id)!, leasedBy)
        if (probe) one.probe = true
        if (message && !message.expunged && message.payload === null) leftOut.add(one)
        return one
      })
      leased.add(claims, leftOut)
    } catch (error) {
      for (const row of rows)
        slots.release(states.get(row.endpoint_id)!.endpoint, row.payload_bytes)
      for (const row of rows) this.floors.forget(row.endpoint_id)
      await release(
        pool,
        rows.map((row) => ({
          endpointId: row.endpoint_id,
          messageId: row.message_id,
          deliveryId: row.id,
          leasedBy,
        })),
      )
      throw error
    }
  }

  /** One endpoint's trouble with the database's answer must not keep the others from their claim. */
  async #alone(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (isAway(error)) throw error
      this.#deps.log('one endpoint was passed over in a claim', error)
    }
  }

  /** An open circuit: once its pause is over, one node sends one delivery to see. */
  async #probe(one: ClaimableEndpoint): Promise<void> {
    const { pool, clock, lease } = this.#deps
    const { endpoint, health } = one
    const from = (health!.circuit === 'open' ? health!.openUntilMs : health!.probeUntilMs) ?? 0
    if (clock.now() < from) return
    if (!(await takeProbe(pool, endpoint.id, lease.id, (endpoint.timeoutMs ?? 60_000) + 10_000)))
      return
    const rows = await claim(pool, lease.id, [
      { endpointId: endpoint.id, free: 1, order: [0, 1, 2], floors: fromTheStart },
    ])
    const heads =
      rows.length === 0
        ? await claimOrdered(pool, lease.id, [
            { endpointId: endpoint.id, free: 1, afterKey: '', run: 1 },
          ])
        : []
    if (rows.length + heads.length === 0) await dropProbe(pool, endpoint.id, lease.id)
    else await this.#dispatch([...rows, ...heads], new Map([[endpoint.id, one]]), lease.id, true)
  }

  /** Of endpoints that share a rate one is woken: whose turn it is shows there. */
  #wakeAtRate(endpoint: Endpoint): void {
    const { slots, pollMs } = this.#deps
    const waitMs = slots.rateWaitMs(endpoint)
    const waiting = slots.shared.keyOf(endpoint) ?? endpoint.id
    if (waitMs === 0 || waitMs >= pollMs || this.#rateWaits.has(waiting)) return
    this.#rateWaits.add(waiting)
    setTimeout(() => {
      this.#rateWaits.delete(waiting)
      this.#wake(endpoint.id)
    }, waitMs)
  }
}
