/**
 * Ingest accepts messages: it routes them, stores message and deliveries in one transaction, and only then says yes.
 *
 * It promises P1: a message that was answered as accepted is durable, with all its deliveries; one that was refused
 * has left nothing behind. Deliveries of healthy endpoints with room leave from memory at once, already leased to
 * this node; all others wait in the queue.
 */
import type { Clock } from '../core/clock.ts'
import type { Endpoint } from '../core/endpoint.ts'
import { PomboError } from '../core/error.ts'
import { showId, uuidv7 } from '../core/id.ts'
import type { Accepted, DedupeKey, IncomingMessage, Message } from '../core/message.ts'
import type { Payloads } from '../db/payload.ts'
import { awayState, isAway, isReplaced, type Pool } from '../db/pool.ts'
import type { Claim, NodeLease, Slots, Waker } from '../queue/queue.ts'
import { type Route, type RouteRules, route } from '../route/route.ts'
import { AcceptRate } from './accept-rate.ts'
import { GroupCommit } from './group-commit.ts'
import type { IngestObserver, StoredMessage } from './observer.ts'
import { claimedMessage, plainPayload } from './stored-form.ts'
import { insertAlone, insertBatch, keyHolder, type NewMessage } from './store.ts'

/** What ingest needs to know of an app: the registry's cache has it. */
export interface AppRoutes {
  app: Claim['app'] & {
    tenantId: string
    throttleRate: number | null
    tenantAcceptRate: number | null
    tenantPersonPaths: string[] | null
    tenantEncryptsPayloads: boolean
  }
  endpoints: Endpoint[]
  health: ReadonlyMap<string, { circuit: string }>
}

export interface IngestDeps {
  pool: Pool
  clock: Clock
  lease: NodeLease
  slots: Slots
  waker: Waker
  routesOf: (
    tenantId: string,
    appId: string,
  ) => AppRoutes | undefined | Promise<AppRoutes | undefined>
  routeRules: RouteRules
  /** How payloads are stored of tenants who have them sealed. */
  payloads: Pick<Payloads, 'seal' | 'plain'>
  /** Hashes of the people whom a message names (core/person.ts). */
  personsOf: (message: Message, paths: readonly string[]) => Buffer[]
  /** Sends what was stored already leased. */
  deliver: (claims: Claim[]) => void
  /** True while outcomes pile up unrecorded: then nothing is sent from memory. */
  congested: () => boolean
  observe: IngestObserver
  commit: { maxBatch: number; windowMs: number; maxWaiting: number; maxWaitingBytes: number }
  /** A write was not answered: there may be deliveries leased to this node of which it does not know. */
  lookForStrays: () => void
}

/** Payloads above this do not share a commit with others: they would make everyone wait for their bytes. */
export const largePayloadBytes = 64 * 1024

/** What travels with a message while it is being stored, to be handed off afterwards. */
interface Prepared extends NewMessage, Pick<StoredMessage, 'source'> {
  routes: AppRoutes
  route: Route
  leasedFor: Set<Endpoint>
}

export class Ingest {
  readonly #deps: IngestDeps
  readonly #small: GroupCommit
  readonly #large: GroupCommit
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
      throw isAway(error) || isReplaced(error)
        ? new PomboError(
            'database_away',
            { state: awayState(error) },
            { retryAfterSeconds: 2, cause: error },
          )
        : error
    }
  }

  /**
   * Accepts many, each for itself; the answers are in the order of the messages, which is also the order in which
   * they are stored.
   */
  async acceptMany(incoming: readonly IncomingMessage[]): Promise<(Accepted | PomboError)[]> {
    const answers = await Promise.allSettled(incoming.map((one) => this.accept(one)))
    return answers.map((answer) => {
      if (answer.status === 'fulfilled') return answer.value
      if (answer.reason instanceof PomboError) return answer.reason
      throw answer.reason
    })
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
    await Promise.all([this.#small.drain(), this.#large.drain()])
  }

  async #accept(incoming: IncomingMessage): Promise<Accepted> {
    // Before the node is registered there is nobody to lease to, and on a new database no partition to write to.
    if (this.#state === 'starting') await this.#opened.promise
    if (this.#state === 'stopping')
      throw new PomboError(
        'overloaded',
        { detail: 'this node is stopping.' },
        { retryAfterSeconds: 1 },
      )
    const found = this.#deps.routesOf(incoming.tenantId, incoming.appId)
    const routes = found instanceof Promise ? await found : found
    if (!routes)
      throw new PomboError('not_found', { what: 'app', id: showId('app', incoming.appId) })
    this.#rate.check('app', routes.app.id, routes.app.throttleRate)
    this.#rate.check('tenant', routes.app.tenantId, routes.app.tenantAcceptRate)
    const prepared = this.#prepare(incoming, routes)
    const commit = prepared.payloadBytes > largePayloadBytes ? this.#large : this.#small
    const stored = meansSeveral(prepared)
      ? await this.#storeAlone(prepared)
      : await commit.add(prepared)
    if (!stored) return await this.#duplicate(prepared.dedupe, incoming)
    this.#deps.observe.accepted(prepared.unmatched === null ? 'accepted' : 'unmatched')
    this.#deps.observe.stored(prepared)
    return {
      outcome: 'accepted',
      message: prepared.message,
      deliveries: prepared.deliveries.length,
    }
  }

  #prepare(incoming: IncomingMessage, routes: AppRoutes): Prepared {
    const nowMs = this.#deps.clock.now()
    const message: Message = {
      id: uuidv7(nowMs),
      tenantId: incoming.tenantId,
      appId: incoming.appId,
      eventType: incoming.eventType,
      eventId: incoming.eventId ?? null,
      channels: incoming.channels ?? null,
      tags: incoming.tags ?? null,
      payload: incoming.payload,
      contentType: incoming.contentType ?? null,
      form: incoming.form ?? null,
      orderingKey: incoming.orderingKey ?? null,
      priority: incoming.priority ?? 'normal',
      createdAtMs: nowMs,
    }
    const plan = route(message, routes.endpoints, this.#deps.routeRules, incoming.onlyEndpointId)
    const paths = routes.app.tenantPersonPaths
    return {
      message,
      storedPayload: routes.app.tenantEncryptsPayloads
        ? this.#deps.payloads.seal(incoming.payload, message.id)
        : plainPayload(incoming, this.#deps.payloads),
      persons: paths === null ? [] : this.#deps.personsOf(message, paths),
      routes,
      route: plan,
      leasedFor: new Set(),
      payloadBytes: Buffer.byteLength(incoming.payload),
      payloadExpiresAtMs:
        incoming.payloadRetentionDays === undefined
          ? null
          : nowMs + incoming.payloadRetentionDays * 86_400_000,
      unmatched: plan.unmatched,
      source: incoming.source ?? null,
      deliveries: plan.targets.map((endpoint) => ({
        id: uuidv7(nowMs),
        endpointId: endpoint.id,
        leased: false,
        ordered: endpoint.ordering === 'key' && message.orderingKey !== null,
        priority: endpoint.priority ?? message.priority,
      })),
      discarded: plan.discarded.map(({ endpoint, reason }) => ({
        id: uuidv7(nowMs),
        endpointId: endpoint.id,
        reason,
      })),
      dedupe: (incoming.dedupe ?? []).map((key) => ({
        scope: key.kind === 'idempotency' ? incoming.tenantId : incoming.appId,
        key,
      })),
    }
  }

  /**
   * Takes slots for what can leave at once. Done right before the write, so that nothing holds a slot while it waits
   * for its batch.
   */
  #lease(prepared: Prepared): void {
    const { slots, lease, congested } = this.#deps
    if (congested() || !lease.valid()) return
    prepared.route.targets.forEach((endpoint, i) => {
      const delivery = prepared.deliveries[i]!
      const health = prepared.routes.health.get(endpoint.id)
      if (delivery.ordered || endpoint.paused || (health && health.circuit !== 'closed')) return
      if (!slots.leaseNew(endpoint, prepared.payloadBytes)) return
      delivery.leased = true
      prepared.leasedFor.add(endpoint)
    })
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
    for (const prepared of batch) this.#lease(prepared)
    this.#storing.add(batch)
    try {
      const fresh = await insert(node)
      this.#dispatch(batch, fresh, node)
      return fresh
    } catch (error) {
      this.#undo(batch, error)
      throw error
    } finally {
      this.#storing.delete(batch)
    }
  }

  #dispatch(batch: readonly Prepared[], fresh: boolean[], node: string): void {
    const { slots, waker, deliver } = this.#deps
    const claims: Claim[] = []
    for (const [i, prepared] of batch.entries()) {
      for (const [j, delivery] of prepared.deliveries.entries()) {
        const endpoint = prepared.route.targets[j]!
        if (!delivery.leased) {
          if (fresh[i]) {
            slots.setBacklog(endpoint, true)
            waker.wake(endpoint.id)
          }
        } else if (!fresh[i]) slots.release(endpoint, prepared.payloadBytes)
        else claims.push(newClaim(prepared, endpoint, delivery.id, node))
      }
    }
    if (claims.length > 0) deliver(claims)
  }

  /**
   * The write failed, perhaps after it took effect (the connection broke before the answer): then what it leased to
   * us is a stray.
   */
  #undo(batch: readonly Prepared[], error: unknown): void {
    const { slots, lookForStrays } = this.#deps
    for (const prepared of batch) {
      for (const endpoint of prepared.leasedFor) slots.release(endpoint, prepared.payloadBytes)
      prepared.leasedFor.clear()
      for (const delivery of prepared.deliveries) delivery.leased = false
    }
    if (isAway(error)) lookForStrays()
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

/** An idempotency key and an event id together: if one of them is leasedFor, the other must stay free. */
function meansSeveral({ dedupe }: Prepared): boolean {
  return dedupe.length > 1 && dedupe.some(({ key }) => key.kind !== 'source')
}

function newClaim(prepared: Prepared, endpoint: Endpoint, deliveryId: string, node: string): Claim {
  return {
    deliveryId,
    endpoint,
    app: prepared.routes.app,
    message: claimedMessage(prepared),
    payloadBytes: prepared.payloadBytes,
    attempt: 0,
    trigger: 0,
    ordered: false,
    leasedBy: node,
  }
}
