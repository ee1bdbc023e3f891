/**
 * Upkeep does what no request does: partitions ahead, retention behind, a clean queue, the leases of dead nodes,
 * endpoints without hope, jobs.
 *
 * It promises that a day's partition exists before its first message, that no partition with an open delivery is
 * dropped, that a dead node's work is free soon after its lease ran out, and that each of these is done by one node at
 * a time, by whichever comes first.
 */
import { DAY_MS } from '../core/clock.ts'
import { makePartitions } from '../db/partitions.ts'
import { isAway } from '../db/pool.ts'
import { rescue } from '../queue/node/store.ts'
import type { JobDeps } from './jobs/deps.ts'
import { runPage } from './jobs/jobs.ts'
import { QueueVacuum } from './queue-vacuum/queue-vacuum.ts'
import { type RetentionDeps, retain } from './retention/retention.ts'
import { databaseNowMs, hopeless, leaveDuty, takeDuty } from './store.ts'
import { noSuccessFor } from '../core/disabled.ts'
import { pause } from '../core/pause.ts'

/** Further work that one node at a time does again and again; it has to bear that two do it. */
export interface Chore {
  /** The same on all nodes, and no other's. */
  name: string
  everyMs: number
  work: () => Promise<unknown>
}

export interface UpkeepDeps extends JobDeps {
  retentionDays: number
  /** Days without a success after which an endpoint is disabled. */
  disableAfterDays: number
  leaseMs: number
  /** There may be deliveries under a lease of which no node knows. */
  doubt: () => void
  disable: (endpointId: string, reason: string, failingSinceMs: number) => Promise<void>
  discard: RetentionDeps['discard'] & JobDeps['discard']
  chores?: readonly Chore[]
}

/** Partitions are made this far ahead, so that a Pombo that cannot reach its maker for days still finds tomorrow's. */
const aheadDays = 3
const jobsEveryMs = 500

export class Upkeep {
  readonly #deps: UpkeepDeps
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  /** Duties that this node is at. */
  readonly #duties = new Set<string>()
  readonly #stop = new AbortController()

  constructor(deps: UpkeepDeps) {
    this.#deps = deps
  }

  /** Makes the partitions that are needed now, then keeps everything going. */
  async start(): Promise<void> {
    const { leaseMs } = this.#deps
    await this.partitions()
    this.#every(leaseMs / 3, 'rescue', () => this.#rescue())
    const vacuum = new QueueVacuum(this.#deps.pool)
    this.#every(10_000, 'queue vacuum', async () => void (await vacuum.look()))
    this.#every(300_000, 'strays', async () => this.#deps.doubt())
    this.#every(3_600_000, 'partitions', () => this.partitions())
    this.#every(3_600_000, 'retention', () => this.retention())
    this.#every(60_000, 'hopeless endpoints', () => this.disableHopeless())
    this.#every(jobsEveryMs, 'jobs', () => this.#jobs())
    for (const { name, everyMs, work } of this.#deps.chores ?? [])
      this.#every(everyMs, name, () => this.#alone(name, async () => void (await work())))
    // Soon after the start too, without making the start wait for it.
    this.#timers.push(setTimeout(() => void this.#run('retention', () => this.retention()), 30_000))
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.allSettled(this.#running)
  }

  #every(ms: number, name: string, work: () => Promise<void>): void {
    let busy = false
    const timer = setInterval(() => {
      if (busy) return
      busy = true
      void this.#run(name, work).finally(() => {
        busy = false
      })
    }, ms)
    this.#timers.push(timer)
  }

  #run(name: string, work: () => Promise<void>): Promise<void> {
    const run = work()
      .catch((error: unknown) => {
        if (!isAway(error) && !this.#stopped)
          this.#deps.log(`upkeep (${name}) failed; it is tried again`, error)
      })
      .finally(() => this.#running.delete(run))
    this.#running.add(run)
    return run
  }

  async partitions(): Promise<void> {
    const { pool } = this.#deps
    const nowMs = await databaseNowMs(pool)
    // Yesterday's too: a node whose clock is behind may still make its ids.
    await makePartitions(pool, nowMs - DAY_MS, nowMs + aheadDays * DAY_MS)
  }

  async retention(): Promise<void> {
    await this.#alone('retention', async (mayGoOn) => {
      const { pool, retentionDays, discard, log } = this.#deps
      await retain({ pool, retentionDays, discard, mayGoOn, log }, await databaseNowMs(pool))
    })
  }

  /**
   * Does a duty unless another node is at it. The work itself has to bear that two do it: this node may be taken for
   * gone meanwhile.
   */
  async #alone(duty: string, work: (mayGoOn: () => boolean) => Promise<void>): Promise<void> {
    const { pool, lease } = this.#deps
    const node = lease.id
    if (this.#duties.has(duty)) return
    this.#duties.add(duty)
    try {
      if (!(await takeDuty(pool, duty, node))) return
      try {
        await work(() => !this.#stopped && lease.valid() && lease.id === node)
      } finally {
        await leaveDuty(pool, duty, node).catch(() => {
          // It goes with the node's lease, or is taken up again by this node.
        })
      }
    } finally {
      this.#duties.delete(duty)
    }
  }

  async #rescue(): Promise<void> {
    if (!this.#deps.lease.steady) return
    const { nodes, deliveries } = await rescue(this.#deps.pool)
    if (nodes.length === 0) return
    // What the dead had asked for last may be done only now.
    this.#deps.doubt()
    this.#deps.log(`took over ${deliveries} deliveries of ${nodes.length} node(s) that stopped`)
  }

  async disableHopeless(): Promise<void> {
    const { pool, disableAfterDays, disable } = this.#deps
    await this.#alone('hopeless endpoints', async (mayGoOn) => {
      for (const { endpointId, failingSinceMs } of await hopeless(pool, disableAfterDays)) {
        if (mayGoOn()) await disable(endpointId, noSuccessFor(disableAfterDays), failingSinceMs)
      }
    })
  }

  async #jobs(): Promise<void> {
    const { lease } = this.#deps
    while (!this.#stopped && lease.valid()) {
      const inMs = await runPage(this.#deps)
      // What is due later than the next look is left to that, on whichever node it comes first.
      if (inMs === undefined || inMs >= jobsEveryMs) return
      await pause(inMs, this.#stop.signal)
    }
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted
  }
}
