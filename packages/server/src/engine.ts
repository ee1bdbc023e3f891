/**
 * The engine: the path of DESIGN wired together on one pool — ingest, queue, deliver, record, upkeep — without HTTP
 * in front of it. app.ts puts the API on top; tests and benchmarks use it as it is.
 */
import type { SystemClock } from './core/clock.ts'
import type { DialectName, Endpoint, Transform } from './core/endpoint.ts'
import type { Message } from './core/message.ts'
import type { Outcome } from './core/outcome.ts'
import { say } from './core/sentences/sentences.ts'
import { schemaVersion } from './db/migrations.ts'
import { plainPayloads } from './db/payload.ts'
import { dropConnections, type Queryable } from './db/pool.ts'
import { deliver, type DeliverDeps } from './deliver/deliver.ts'
import { createReach } from './deliver/reach.ts'
import { type PastAttempt, rebuild, type RebuildDeps, type Rebuilt } from './deliver/rebuild.ts'
import { createSender, type Sender, type SendRequest } from './deliver/send/send.ts'
import { Transformer } from './deliver/transform/transform.ts'
import type { DeliveryDialect } from './dialects/contract/delivery.ts'
import { AttemptObserver } from './engine/attempt-observer.ts'
import { currentOf } from './engine/current.ts'
import type { EngineOptions } from './engine/options.ts'
import { personIndex } from './engine/person-index.ts'
import { watchQueue } from './engine/queue-metrics.ts'
import { ingestObserver } from './engine/watchers.ts'
import { Ingest } from './ingest/ingest.ts'
import { Dispatcher } from './queue/dispatcher.ts'
import { LeasedDeliveries } from './queue/leased-deliveries.ts'
import { type Claim, NodeLease, type SharedRate, Slots } from './queue/queue.ts'
import { discardAll, discardDeliveries, discardThese } from './record/discard/store.ts'
import { Recorder } from './record/record.ts'
import type { RegistryCache } from './registry/cache/cache.ts'
import { compileFilter } from './route/filter.ts'
import type { RouteRules } from './route/route.ts'
import { wantsMessage } from './route/wants.ts'
import { OperationalEvents } from './sources/operational/operational.ts'
import { Upkeep } from './upkeep/upkeep.ts'

/** Outcomes that may wait to be written before nothing new is sent. */
const congestedAt = 5_000

export class Engine {
  readonly clock: SystemClock
  readonly cache: RegistryCache
  readonly lease: NodeLease
  readonly ingest: Ingest
  readonly dispatcher: Dispatcher
  readonly leased: LeasedDeliveries
  readonly transformer = new Transformer()
  /** By which messages are routed. */
  readonly routeRules: RouteRules
  readonly recorder: Recorder
  readonly upkeep: Upkeep
  readonly #operational: OperationalEvents
  readonly #sender: Sender
  readonly #deliverDeps: DeliverDeps & RebuildDeps
  readonly #options: EngineOptions
  readonly #dialects: ReadonlyMap<DialectName, DeliveryDialect>
  #leaseEnd = new AbortController()

  constructor(options: EngineOptions) {
    this.#options = options
    const { pool, leasePool, clock, registry, log, metrics, dialects } = options
    this.#dialects = dialects
    const { payloads = plainPayloads, watchers = [] } = options
    this.clock = clock
    this.cache = registry.cache
    const complain = (message: string, detail?: unknown) => {
      if (detail instanceof Error) log.main.error({ err: detail }, message)
      else log.main.info(detail === undefined ? {} : { detail }, message)
    }
    this.lease = new NodeLease({
      pool: leasePool,
      clock,
      systemClock: clock,
      nodeName: options.nodeName,
      version: options.version,
      schemaVersion: schemaVersion(),
      leaseMs: options.leaseMs,
      onLost: () => {
        this.#leaseEnd.abort()
        this.#leaseEnd = new AbortController()
        this.leased.releaseAll()
      },
      onSilence: () => {
        dropConnections(pool)
        dropConnections(leasePool)
      },
      onNodes: () => log.main.info({ nodes: this.lease.liveNodes }, 'live nodes changed'),
      log: complain,
    })
    const slots = new Slots(this.lease, clock, (endpoint) => this.#sharedRate(endpoint))
    this.#sender = createSender({
      ...options,
      userAgent: `Pombo/${options.version}`,
      responseKeptBytes: options.responseKeptBytes,
    })
    const congested = () => this.recorder.backlog > congestedAt
    this.recorder = new Recorder({
      pool,
      clock,
      lease: this.lease,
      unhealthy: (claim) =>
        this.cache.peekRoutes(claim.app.id)?.health.has(claim.endpoint.id) ?? false,
      onCircuit: (appId, endpointId, change) => {
        this.cache.invalidate('app', appId, endpointId)
        if (change === 'opened') this.leased.releaseEndpoint(endpointId)
        this.dispatcher.wake(endpointId)
      },
      onDisable: (claim, reason) => {
        registry.endpoints
          .disable({ tenantId: claim.message.tenantId, appId: claim.app.id }, claim.endpoint.id, {
            reason,
            failingSinceMs: null,
          })
          .catch((error: unknown) =>
            complain(
              'an endpoint that asked for it could not be disabled; its next answer will ask again',
              error,
            ),
          )
      },
      onSettled: (entry) => {
        if (entry.claim.ordered) this.dispatcher.wake(entry.claim.endpoint.id)
        for (const watcher of watchers) watcher.recorded(entry)
      },
      log: complain,
    })
    const observer = new AttemptObserver(options)
    const deliverDeps: DeliverDeps & RebuildDeps = {
      dialectOf: (name: DialectName) => dialects.get(name)!,
      payloads,
      transform: (transform: Transform, message: Message) =>
        this.transformer.run(transform, message),
      send: createReach(this.#sender, options.destinations, clock, options.requested),
      record: (entry: Parameters<Recorder['record']>[0]) => this.recorder.record(entry),
      observe: (...attempt) => observer.observe(...attempt),
      trace: options.trace,
      holds: (claim: Claim) => this.leased.holds(claim),
      clock,
      random: Math.random,
      userAgent: `Pombo/${options.version}`,
      server: () => ({
        url: options.serverUrl(),
        linkTo: (part, expiresAtMs) => options.payloadLinks.make(part, expiresAtMs),
      }),
      leaseSignal: () => this.#leaseEnd.signal,
    }
    this.#deliverDeps = deliverDeps
    this.leased = new LeasedDeliveries({
      pool,
      lease: this.lease,
      slots,
      deliver: (claims) => deliver(claims, deliverDeps),
      current: (claim) => currentOf(this.cache, claim),
      wake: (endpointId) => this.dispatcher.wake(endpointId),
      log: complain,
    })
    this.cache.onChange((change) => {
      if (change.kind === 'everything') this.leased.look()
      else if (change.kind === 'app') this.leased.look(change.key, change.endpointId)
    })
    this.dispatcher = new Dispatcher({
      pool,
      clock,
      lease: this.lease,
      slots,
      leased: this.leased,
      leasedIds: () => [...this.leased.ids(), ...this.recorder.ids(), ...this.ingest.storing()],
      random: Math.random,
      endpointsOf: (ids) => this.cache.endpoints(ids),
      discard: async (id) => await discardAll(pool, id, say('not_sent_deleted')),
      congested,
      observeClaim: (_, seconds) => metrics.recordClaim(seconds * 1000),
      log: complain,
      pollMs: options.pollMs ?? 250,
    })
    const routeRules = (this.routeRules = {
      eventName: (dialect, eventType) => dialects.get(dialect)?.eventName(eventType) ?? eventType,
      compileChatFilter: options.compileChatFilter,
    })
    this.ingest = new Ingest({
      pool,
      clock,
      lease: this.lease,
      slots,
      waker: this.dispatcher,
      routesOf: (tenantId, appId) => {
        const known = this.cache.peekRoutes(appId)
        return known?.app.tenantId === tenantId ? known : this.cache.routes(tenantId, appId)
      },
      routeRules,
      payloads,
      personsOf: personIndex(options.personKeys),
      deliver: (claims) => this.leased.add(claims),
      congested,
      observe: ingestObserver(metrics, watchers),
      trace: options.trace,
      commit: options.commit,
      lookForStrays: () => this.dispatcher.lookForStrays(),
    })
    this.upkeep = new Upkeep({
      pool,
      lease: this.lease,
      waker: this.dispatcher,
      retentionDays: options.retentionDays,
      disableAfterDays: options.disableAfterDays ?? 5,
      discard: (endpointId, reason, beforeMessageId, db: Queryable = pool) =>
        discardDeliveries(db, { endpointIds: [endpointId], beforeMessageId }, reason),
      accept: (messages) => this.ingest.acceptMany(messages),
      discardThese,
      payloads,
      compileFilter,
      wants: wantsMessage((m) => this.cache.routes(m.tenantId, m.appId), routeRules),
      now: () => clock.now(),
      leaseMs: options.leaseMs,
      chores: options.chores ?? [],
      doubt: () => this.dispatcher.lookForStrays(),
      disable: async (endpointId, reason, failingSinceMs) => {
        const found = (await this.cache.endpoints([endpointId])).get(endpointId)
        if (found)
          await registry.endpoints.disable(
            { tenantId: found.endpoint.tenantId, appId: found.app.id },
            endpointId,
            { reason, failingSinceMs },
          )
      },
      log: complain,
    })
    this.#operational = new OperationalEvents({
      pool,
      accept: (message) => this.ingest.accept(message),
      log: complain,
      ...(options.hearSignals && { hear: options.hearSignals }),
    })
    watchQueue(metrics, pool, () => slots.inFlight)
  }

  /** Registers the node, makes today's partitions, and begins to accept and to claim. The schema must be migrated. */
  async start(): Promise<void> {
    await this.lease.start()
    await this.cache.start()
    await this.upkeep.start()
    this.dispatcher.start()
    this.ingest.start()
    this.#operational.start()
  }

  /**
   * Stops in good order: nothing new is taken, what is under way is finished within `graceMs` and recorded, the rest
   * goes back to the queue.
   * @returns deliveries that were still under way at the end, and outcomes that could not be written
   */
  async stop(graceMs: number): Promise<{ unfinished: number; unrecorded: number }> {
    const deadline = performance.now() + graceMs
    await this.#operational.stop()
    await this.ingest.stop()
    await this.dispatcher.stop()
    const unfinished = await this.leased.stop(graceMs)
    const unrecorded = await this.recorder.stop(Math.max(1_000, deadline - performance.now()))
    await this.upkeep.stop()
    await this.lease
      .stop()
      .catch((error: unknown) =>
        this.#options.log.main.warn(
          { err: error },
          'the lease could not be given back; it runs out by itself',
        ),
      )
    await this.cache.stop()
    // What is still under way is past the grace; its connections are not waited for.
    void Promise.all([this.#sender.close(), this.#options.destinations.close()])
    await this.transformer.stop()
    return { unfinished, unrecorded }
  }

  /** One request outside the queue, past the guard; it is neither capped nor recorded. */
  async send(request: SendRequest): Promise<Outcome> {
    return await this.#sender.send(request)
  }

  /** The request of an attempt that was made, or why there was none. */
  async rebuild(attempt: PastAttempt): Promise<Rebuilt | { problem: string }> {
    return await rebuild(attempt, this.#deliverDeps)
  }

  /** A dialect's rates are each tenant's own. */
  #sharedRate(endpoint: Endpoint): SharedRate | undefined {
    const { dialect, tenantId } = endpoint
    const rate = this.#dialects.get(dialect)?.sharedRate?.(endpoint)
    return rate && { key: `${tenantId} ${dialect} ${rate.name}`, perMinute: rate.perMinute }
  }
}
