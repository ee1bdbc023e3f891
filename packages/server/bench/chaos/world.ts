import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { QueryResultRow } from 'pg'
import { readId, showId } from '../../src/core/id.ts'
import { type Part, startPart } from '../parts/child.ts'
import { apiKey, call } from '../parts/stage.ts'
import { freePort } from '../../test/support/free-port.ts'
import { BalancedStage } from './balanced-stage.ts'
import { Database } from './database.ts'
import type { LineState } from './lines.ts'
import type { LoadPlan, LoadReport } from './load.ts'
import { ChaosNode } from './nodes.ts'
import { openWork } from './open-work.ts'
import { Pair } from './pair.ts'
import { seeded } from './random.ts'
import {
  type Arrival,
  countInFlight,
  type Fault,
  judge,
  type Sent,
  type Verdict,
} from './verdict.ts'

/** What a scenario is played on. */
export interface StageOptions {
  nodes: number
  leaseMs: number
  /** A proxy before the database for each node. */
  lines: boolean
  /** The database has a disk of its own of this size. */
  diskMib?: number
  /** The database is a primary and a synchronous standby. */
  pair?: boolean
  /** HAProxy before the nodes, each of which is in a network of its own. */
  balanced?: boolean
}

export interface WorldOptions extends StageOptions {
  /** Of load, at least: the faults of a scenario are made whole. */
  seconds: number
  perSecond: number
  seed: number
  quick: boolean
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

/** After the load and the last fault, what was accepted has to arrive; it is waited for as long as anything does. */
const arriveMs = 15_000
const arriveAtMostMs = 300_000
export const databaseName = 'chaos'

/**
 * One scenario's stage: a PostgreSQL, nodes, a load and a receiver, each processes of their own. Closing it
 * ends all of them.
 */
export class World {
  readonly random: () => number
  readonly nodes: ChaosNode[] = []
  database!: Database
  pair!: Pair
  stage!: BalancedStage
  readonly faults: Fault[] = []
  /** Faults made, and what a scenario without any counts instead. */
  made = 0
  readonly notes: string[] = []
  /** What is to be removed when all processes have ended. */
  readonly leftovers: (() => Promise<void>)[] = []
  readonly #options: WorldOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'pombo-chaos-'))
  #receiver!: Part
  #load!: Part
  #lines: Part | undefined
  #targets: string[] = []
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
    const { nodes, leaseMs, lines, diskMib, seed, pair, balanced } = this.#options
    if (balanced) this.stage = await BalancedStage.open(this.#folder, nodes)
    else if (pair)
      this.pair = await Pair.open(this.#folder, '127.0.0.1', [await freePort(), await freePort()])
    else this.database = await Database.open(join(this.#folder, 'database'), diskMib)
    const direct = await this.#store.fresh(databaseName)
    this.#receiver = await startPart('../chaos/receiver.ts', {
      seed,
      refuse: 0.02,
      host: this.#host,
    })
    this.#load = await startPart('../chaos/load.ts', {})
    let ports: number[] = []
    if (lines) {
      this.#lines = await startPart('../chaos/lines.ts', {
        targets: Array.from({ length: nodes }, () => this.database.socket),
      })
      ports = await this.#lines.ask<number[]>('ports')
    }
    for (let i = 0; i < nodes; i++) {
      const node = new ChaosNode(i, {
        databaseUrl: (index) =>
          lines
            ? `postgres://pombo@127.0.0.1:${ports[index]}/${databaseName}`
            : (this.stage?.nodePlace(index, databaseName).databaseUrl ?? direct),
        ...(balanced && { place: (index: number) => this.stage.nodePlace(index, databaseName) }),
        dataDir: this.#folder,
        leaseMs,
        logFile: (index) => join(this.#folder, `node-${index + 1}.log`),
      })
      this.nodes.push(node)
    }
    // The first one alone: it makes the keys that the others find in the folder.
    await this.nodes[0]!.start()
    await Promise.all(this.nodes.slice(1).map((node) => node.start()))
    this.#targets = balanced ? [await this.stage.balance()] : this.nodes.map((node) => node.url)
    if (this.stage?.noNetwork !== undefined)
      this.say(`no network namespaces (${this.stage.noNetwork}); lines are cut in their place`)
  }

  get #host(): string {
    return this.stage?.host ?? '127.0.0.1'
  }

  get #store(): Pick<Database, 'fresh' | 'query' | 'close'> {
    return this.stage ?? this.pair ?? this.database
  }

  /** Asks the database that the nodes work on. */
  async query<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return await this.#store.query<Row>(databaseName, text, values)
  }

  /** What is left of the time asked for. */
  get remainingMs(): number {
    return Math.max(0, this.#endsAt - Date.now())
  }

  get isQuick(): boolean {
    return this.#options.quick
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
   * What is open and in some node's hand when a node has just died or been stopped. At the end it is counted what of
   * it that node had sent: what it sent last may still be on its way now.
   */
  async openAt(node: string): Promise<NonNullable<Fault['open']>> {
    // What the dead had asked for last is still being carried out.
    await sleep(50)
    const paths = new Map([...this.#endpoints].map(([path, id]) => [id, path]))
    const rows = await this.query<{ endpoint: string; message: string }>(
      'select endpoint_id as endpoint, message_id as message from work where lease_owner is not null',
    )
    const deliveries = rows.map(
      ({ endpoint, message }) => `${showId('message', message)} ${paths.get(endpoint)}`,
    )
    return { node, deliveries: new Set(deliveries) }
  }

  /** What nodes have in hand, as they say it themselves: for faults that leave nobody else to ask. */
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
          url: `http://${this.#host}:${await this.#receiver.ask<number>('port')}/${path}`,
          retrySchedule: Array.from({ length: 20 }, () => 1),
          timeoutMs: 5_000,
          ...(path === 'ordered' && { ordering: 'key' }),
        },
      )
      this.#endpoints.set(path, readId('endpoint', id)!)
    }
    const plan: LoadPlan = {
      targets: this.#targets,
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
    await this.#arrived(accepted.map((one) => one.id!))
    const unrecorded = await this.#unrecorded(accepted)
    if (unrecorded > 0) this.notes.push(...(await openWork(this)))
    const arrivals = await this.#receiver.ask<Arrival[]>('arrivals')
    this.notes.push(...report.odd.slice(0, 5).map((odd) => `odd answer: ${odd}`))
    if (this.#options.keep) {
      const seen = { faults: this.faults, ...report, arrivals }
      writeFileSync(join(this.#folder, 'seen.json'), JSON.stringify(seen))
    }
    countInFlight(this.faults, arrivals)
    const verdict = judge(report.sent, arrivals, this.faults, report)
    return { ...verdict, faults: this.made, unrecorded, notes: this.notes }
  }

  async #arrived(ids: string[]): Promise<void> {
    const deadline = Date.now() + arriveAtMostMs
    for (let before = -1; Date.now() < deadline; ) {
      if (await this.#receiver.ask<boolean>('all', { ids, withinMs: arriveMs })) return
      const now = await this.#receiver.ask<number>('count')
      if (now === before) return
      before = now
    }
  }

  /**
   * Waits until everything is written down, for a bounded time. @returns how many deliveries of accepted events
   * are not
   */
  async #unrecorded(accepted: readonly Sent[]): Promise<number> {
    const ids = accepted.map((one) => readId('message', one.id!))
    const deadline = Date.now() + 10_000
    for (;;) {
      const [row] = await this.query<{ open: number; delivered: number }>(
        'select (select count(*)::int from work) as open, (select count(*)::int from history ' +
          "where state = 'delivered' and message_id = any($1::uuid[])) as delivered",
        [ids],
      )
      const missing = ids.length * 2 - row!.delivered
      if ((missing === 0 && row!.open === 0) || Date.now() > deadline) return missing
      await sleep(200)
    }
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
    await this.#store?.close()
    for (const remove of this.leftovers) await remove()
    if (this.#options.keep) this.say(`logs: ${this.#folder}`)
    else rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}
