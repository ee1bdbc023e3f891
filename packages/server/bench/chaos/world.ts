import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readId } from '../../src/core/id.ts'
import { type Part, startPart } from '../parts/child.ts'
import { apiKey, call } from '../parts/stage.ts'
import { Database } from './database.ts'
import type { LineState } from './lines.ts'
import type { LoadPlan, LoadReport } from './load.ts'
import { ChaosNode } from './nodes.ts'
import { seeded } from './random.ts'
import { type Arrival, type Fault, judge, type Sent, type Verdict } from './verdict.ts'

export interface WorldOptions {
  nodes: number
  leaseMs: number
  /** A proxy before the database for each node. */
  lines: boolean
  diskMib?: number
  /** Of load, at least: the faults of a scenario are made whole. */
  seconds: number
  perSecond: number
  seed: number
  /** The folder with the logs stays. */
  keep: boolean
  say: (line: string) => void
}

export interface Result extends Verdict {
  faults: number
  /** Deliveries that were received and never written down as delivered. */
  unrecorded: number
  notes: string[]
}

/** After the load and the last fault, what was accepted has this long to arrive. */
const arriveMs = 30_000
const databaseName = 'chaos'

/**
 * One scenario's stage: a PostgreSQL, nodes, a load and a receiver, each processes of their own. Closing it
 * ends all of them.
 */
export class World {
  readonly random: () => number
  readonly nodes: ChaosNode[] = []
  database!: Database
  readonly faults: Fault[] = []
  /** Faults made, and what a scenario without any counts instead. */
  made = 0
  readonly notes: string[] = []
  readonly #options: WorldOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'pombo-chaos-'))
  #receiver!: Part
  #load!: Part
  #lines: Part | undefined
  #endpoints = new Map<string, string>()
  #endsAt = 0
  #closed: Promise<void> | undefined

  private constructor(options: WorldOptions) {
    this.#options = options
    this.random = seeded(options.seed)
  }

  static async open(options: WorldOptions, opened: (world: World) => void): Promise<World> {
    const world = new World(options)
    // Before anything is started: an interrupt from now on closes it.
    opened(world)
    await world.#start()
    return world
  }

  async #start(): Promise<void> {
    const { nodes, leaseMs, lines, diskMib, seed } = this.#options
    this.database = await Database.open(join(this.#folder, 'database'), diskMib)
    const direct = await this.database.fresh(databaseName)
    this.#receiver = await startPart('../chaos/receiver.ts', { seed, refuse: 0.02 })
    this.#load = await startPart('../chaos/load.ts', {})
    let ports: number[] = []
    if (lines) {
      this.#lines = await startPart('../chaos/lines.ts', {
        socket: this.database.socket,
        count: nodes,
      })
      ports = await this.#lines.ask<number[]>('ports')
    }
    for (let i = 0; i < nodes; i++) {
      const node = new ChaosNode(i, {
        databaseUrl: (index) =>
          lines ? `postgres://pombo@127.0.0.1:${ports[index]}/${databaseName}` : direct,
        dataDir: this.#folder,
        leaseMs,
        logFile: (index) => join(this.#folder, `node-${index + 1}.log`),
      })
      this.nodes.push(node)
    }
    // The first one alone: it makes the keys that the others find in the folder.
    await this.nodes[0]!.start()
    await Promise.all(this.nodes.slice(1).map((node) => node.start()))
  }

  /** What is left of the time asked for. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - Date.now())
  }

  say(line: string): void {
    this.#options.say(`  ${line}`)
  }

  sleep(ms: number): Promise<void> {
    return sleep(ms)
  }

  async setLine(index: number, state: LineState): Promise<void> {
    await this.#lines!.ask('set', { line: index, state })
  }

  /**
   * Deliveries that a node which has just died or been stopped had sent, and of which the database does not
   * know yet.
   */
  async unrecordedOf(node: string): Promise<number> {
    // What the dead had asked for last is still being carried out.
    await sleep(50)
    const lately = await this.#receiver.ask<{ id: string; path: string }[]>('lately', {
      node,
      sinceMs: 10_000,
    })
    const rows = await this.database.query<{ count: number }>(
      databaseName,
      'select count(*)::int as count from work w join unnest($1::uuid[], $2::uuid[]) as ' +
        'k(e, m) on w.endpoint_id = k.e and w.message_id = k.m',
      [
        lately.map(({ path }) => this.#endpoints.get(path)),
        lately.map(({ id }) => readId('message', id)),
      ],
    )
    return rows[0]!.count
  }

  /** The same of all nodes, as they say it themselves: for faults that leave nobody else to ask. */
  async inHand(nodes: readonly ChaosNode[] = this.nodes): Promise<number> {
    return (await Promise.all(nodes.map((node) => node.inHand()))).reduce(
      (sum, one) => sum + one,
      0,
    )
  }

  /** Runs the load, with `disturb` beside it, and judges. */
  async run(disturb: (world: World) => Promise<void>): Promise<Result> {
    const { seconds, perSecond, seed } = this.#options
    const { id: app } = await call<{ id: string }>(this.nodes[0]!.url, 'POST', '/app', {
      name: 'chaos',
    })
    for (const path of ['plain', 'ordered']) {
      const { id } = await call<{ id: string }>(
        this.nodes[0]!.url,
        'POST',
        `/app/${app}/endpoint`,
        {
          url: `http://127.0.0.1:${await this.#receiver.ask<number>('port')}/${path}`,
          retrySchedule: Array.from({ length: 20 }, () => 1),
          timeoutMs: 5_000,
          ...(path === 'ordered' && { ordering: 'key' }),
        },
      )
      this.#endpoints.set(path, readId('endpoint', id)!)
    }
    const plan: LoadPlan = {
      targets: this.nodes.map((node) => node.url),
      path: `/api/v1/app/${app}/msg?with_content=false`,
      headers: { authorization: `Bearer ${apiKey}` },
      perSecond,
      keys: 40,
      seed,
      patienceMs: 20_000,
    }
    await this.#load.ask('start', plan)
    this.#endsAt = Date.now() + seconds * 1000
    await disturb(this)
    const report = await this.#load.ask<LoadReport>('finish')
    const accepted = report.sent.filter((one) => one.state === 'accepted')
    await this.#receiver.ask('all', { ids: accepted.map((one) => one.id), withinMs: arriveMs })
    const unrecorded = await this.#unrecorded(accepted)
    if (unrecorded > 0) this.notes.push(...(await this.#stuck()))
    const arrivals = await this.#receiver.ask<Arrival[]>('arrivals')
    this.notes.push(...report.odd.slice(0, 5).map((odd) => `odd answer: ${odd}`))
    if (this.#options.keep) {
      const seen = { faults: this.faults, ...report, arrivals }
      writeFileSync(join(this.#folder, 'seen.json'), JSON.stringify(seen))
    }
    const verdict = judge(report.sent, arrivals, this.faults, report)
    return { ...verdict, faults: this.made, unrecorded, notes: this.notes }
  }

  /**
   * Waits until everything is written down, for a bounded time. @returns how many deliveries of accepted events
   * are not
   */
  async #unrecorded(accepted: readonly Sent[]): Promise<number> {
    const ids = accepted.map((one) => readId('message', one.id!))
    const deadline = Date.now() + 10_000
    for (;;) {
      const [row] = await this.database.query<{ open: number; delivered: number }>(
        databaseName,
        'select (select count(*)::int from work) as open, (select count(*)::int from history ' +
          "where state = 'delivered' and message_id = any($1::uuid[])) as delivered",
        [ids],
      )
      const missing = ids.length * 2 - row!.delivered
      if ((missing === 0 && row!.open === 0) || Date.now() > deadline) return missing
      await sleep(200)
    }
  }

  /** Where open deliveries are, for whoever looks for the reason. */
  async #stuck(): Promise<string[]> {
    const rows = await this.database.query<{
      holder: string
      ordered: boolean
      count: number
      wait: number | null
    }>(
      databaseName,
      `select case when lease_owner is null then 'nobody' when exists (select from node where id = lease_owner and expires_at > now()) then 'a live node' else 'a dead node' end as holder,
              ordering_key is not null as ordered, count(*)::int as count, extract(epoch from min(next_attempt_at) - now())::int as wait
         from work group by 1, 2 order by 1, 2`,
    )
    return rows.map(
      ({ holder, ordered, count, wait }) =>
        `open: ${count} ${ordered ? 'ordered' : 'plain'} in the hand of ${holder}, the first due ${wait} s from now`,
    )
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    for (const part of [this.#load, this.#receiver, this.#lines]) {
      part?.kill('SIGKILL')
      await part?.exited
    }
    await this.database?.close()
    if (this.#options.keep) this.say(`logs: ${this.#folder}`)
    else rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}
