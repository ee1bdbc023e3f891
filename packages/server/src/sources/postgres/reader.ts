import { PomboError } from '../../core/error.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import { errorMessage } from '../../core/thrown.ts'
import { inTransaction, isAway, openPool, type Pool } from '../../db/pool.ts'
import { eachInOrder } from '../broker/acceptance.ts'
import { Trouble } from '../broker/trouble.ts'
import { messageOf, type OutboxRow } from './row.ts'
import { claim, hasOutbox, hasRows, keysHeldBack, type Settled, settle, takeTurn } from './store.ts'
import { OutboxBell } from './wake/store.ts'

export interface ReaderDeps {
  /** The database that has, or may have, an outbox. */
  url: string
  /** How it is called in the log; no password. */
  name: string
  /** Whether to say so when it has none: it was named, and did not just happen to be Pombo's own. */
  expected: boolean
  tenantId: string
  /** The app that gets the events, made where it is missing. */
  appId: () => Promise<string>
  accept: (message: IncomingMessage) => Promise<Accepted>
  maxPayloadBytes: number
  log: (message: string, error?: unknown) => void
  /** How often to look when nobody rings. */
  pollMs?: number
}

/** In one transaction of the source: few enough to be over soon, and to be little in memory. */
const batchRows = 500
const batchBytes = 8 * 1024 * 1024

/** Looks that are left out while there is no outbox to look at. */
const missingLooks = 10
const maxBackoffMs = 10_000

/** Times that Pombo itself may fail at a row before the row is to blame. */
const maxAttempts = 5

/** What a look at the outbox came to. */
type Pass =
  | { kind: 'more' }
  | { kind: 'nothing' }
  | { kind: 'missing' }
  | { kind: 'later'; afterMs: number }

type Fate =
  | { kind: 'accepted' }
  | { kind: 'refused'; error: string }
  | { kind: 'failed'; error: string }
  /** The row is untouched: Pombo cannot take it now. */
  | { kind: 'later'; afterMs: number }

/**
 * Reads one outbox. Each pass is one transaction of the source's database: take the turn, claim the oldest rows,
 * accept each, delete what was accepted. If it does not get to the end, the rows are read again, and the event's id
 * tells the repeat.
 */
export class OutboxReader {
  readonly #deps: ReaderDeps
  readonly #pool: Pool
  readonly #bell: OutboxBell
  #stopping = false
  #running: Promise<void> | undefined
  #rung = false
  #wake: (() => void) | undefined
  #appId: string | undefined
  #there = false
  readonly #trouble: Trouble

  constructor(deps: ReaderDeps) {
    this.#deps = deps
    this.#pool = openPool(deps.url, 1, 'pombo-outbox')
    this.#bell = new OutboxBell(deps.url, () => this.#ring())
    this.#trouble = new Trouble(deps.log, `the outbox of ${deps.name} is read again`)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends after the pass that is under way. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#ring()
    await this.#bell.stop()
    await this.#running
    await this.#pool.end()
  }

  #ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async #run(): Promise<void> {
    const pollMs = this.#deps.pollMs ?? 1_000
    let failures = 0
    while (!this.#stopping) {
      this.#rung = false
      try {
        const pass = await this.#pass()
        failures = 0
        if (pass.kind === 'missing')
          this.#complain(`there is no outbox in ${this.#deps.name}; "pombo pg install" makes one`)
        else this.#trouble.over()
        if (pass.kind === 'more') continue
        if (pass.kind === 'nothing') await this.#pause(pollMs)
        // Not to be cut short: the ring would be about rows that cannot be taken either.
        else
          await this.#pause(pass.kind === 'later' ? pass.afterMs : missingLooks * pollMs, 'whole')
      } catch (error) {
        failures += 1
        this.#there = false
        this.#complain(`the outbox of ${this.#deps.name} cannot be read; trying again`, error)
        await this.#pause(Math.min(maxBackoffMs, 500 * 2 ** Math.min(failures, 10)), 'whole')
      }
    }
  }

  async #pause(ms: number, how: 'until rung' | 'whole' = 'until rung'): Promise<void> {
    if (this.#stopping || (this.#rung && how === 'until rung')) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        if (how === 'whole' && !this.#stopping) return
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  async #pass(): Promise<Pass> {
    if (!this.#there) {
      this.#there = await hasOutbox(this.#pool)
      if (!this.#there) return { kind: 'missing' }
      this.#bell.start()
    }
    if (!(await hasRows(this.#pool))) return { kind: 'nothing' }
    return await inTransaction(this.#pool, async (db) => {
      if (!(await takeTurn(db))) return { kind: 'nothing' }
      const { maxPayloadBytes } = this.#deps
      const rows = await claim(db, { rows: batchRows, bytes: batchBytes, maxPayloadBytes })
      const held = await keysHeldBack(db, rows)
      const ready = rows.filter((row) => row.ordering_key === null || !held.has(row.ordering_key))
      const fates = await this.#acceptAll(ready)
      const settled = sorted(fates)
      await settle(db, settled)
      for (const { id, error } of settled.refused)
        this.#deps.log(
          `row ${id} of the outbox of ${this.#deps.name} was refused and set aside: ${error}`,
        )
      const laterMs = [...fates.values()].map((fate) =>
        fate.kind === 'later' ? fate.afterMs : fate.kind === 'failed' ? 1_000 : 0,
      )
      const wait = Math.max(0, ...laterMs)
      if (settled.accepted.length + settled.refused.length > 0 && wait === 0)
        return { kind: 'more' }
      return wait > 0 ? { kind: 'later', afterMs: wait } : { kind: 'nothing' }
    })
  }

  /**
   * All rows at once, but those of one key one after the other: what comes later in a commit buffer may be stored
   * although what came before was turned away, and then the order is gone.
   */
  async #acceptAll(rows: readonly OutboxRow[]): Promise<Map<OutboxRow, Fate>> {
    if (rows.length === 0) return new Map()
    const appId = (this.#appId ??= await this.#deps.appId())
    return await eachInOrder(
      rows,
      (row) => (row.ordering_key === null ? [] : [row.ordering_key]),
      (row) => this.#accept(row, appId),
      (fate) => fate.kind !== 'later' && fate.kind !== 'failed',
    )
  }

  async #accept(row: OutboxRow, appId: string): Promise<Fate> {
    const { tenantId, maxPayloadBytes, accept, log, name } = this.#deps
    const read = messageOf(row, { tenantId, appId }, maxPayloadBytes)
    if (!read.ok) return { kind: 'refused', error: read.problem }
    try {
      // A duplicate is one that was accepted in a pass that did not get to its end.
      await accept(read.message)
      return { kind: 'accepted' }
    } catch (error) {
      if (error instanceof PomboError) return this.#refusal(error)
      const text = errorMessage(error)
      log(`row ${row.id} of the outbox of ${name} could not be accepted`, error)
      return row.attempts + 1 >= maxAttempts
        ? { kind: 'refused', error: text }
        : { kind: 'failed', error: text }
    }
  }

  #refusal(error: PomboError): Fate {
    // Somebody deleted the app: it is made again at the next pass.
    if (error.code === 'not_found') this.#appId = undefined
    const passing = error.status >= 500 || error.status === 429 || error.code === 'not_found'
    if (passing) return { kind: 'later', afterMs: (error.retryAfterSeconds ?? 1) * 1_000 }
    return { kind: 'refused', error: error.message }
  }

  #complain(message: string, error?: unknown): void {
    // Of Pombo's own database: that it has no outbox is no fault, and that it is away is said by others, once.
    if (!this.#deps.expected && (error === undefined || isAway(error))) return
    const what = error instanceof Error && !isAway(error) ? error.message : ''
    this.#trouble.tell(message, error, `${message} ${what}`)
  }
}

function sorted(fates: ReadonlyMap<OutboxRow, Fate>): Settled {
  const accepted: number[] = []
  const refused: { id: number; error: string }[] = []
  const failed: { id: number; error: string }[] = []
  for (const [{ id }, fate] of fates) {
    if (fate.kind === 'accepted') accepted.push(id)
    if (fate.kind === 'refused') refused.push({ id, error: fate.error })
    if (fate.kind === 'failed') failed.push({ id, error: fate.error })
  }
  return { accepted, refused, failed }
}
