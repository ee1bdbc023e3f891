/**
 * A standby that lists and statistics are read from, so that they do not cost the primary. Promises: what it answers is
 * no older than `maxLagMs`; where it is older, does not answer, or is no standby of this database, the primary is read.
 *
 * How far behind it is, is measured and not asked for: the position of the primary's log is noted from time to time,
 * and the standby's says which of the notes it has come to. So an idle primary is not taken for a lag, a standby that
 * lost its connection is found out, and no clocks are compared.
 */
import type pg from 'pg'
import { errorCode, errorMessage } from '../core/thrown.ts'
import { isAway, type Pool, type Queryable } from './pool.ts'

export interface ReplicaState {
  /** It is read now. */
  used: boolean
  /** What it answers is no older; null: not known. */
  lagMs: number | null
  /** Why it is not used. */
  problem: string | null
  sinceMs: number
}

export interface ReplicaOptions {
  primary: Pool
  standby: Pool
  maxLagMs: number
  clock: { now(): number; monotonic(): number }
  /** Of each statement, where it was read. */
  observe: (server: 'replica' | 'primary') => void
  log: (message: string, detail?: unknown) => void
}

interface Position {
  bytes: number
  at: number
}

const position = /* sql */ `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as bytes,
  (select system_identifier::text from pg_control_system()) as system`
const replayed = /* sql */ `select pg_is_in_recovery() as standby,
  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::float8 as bytes,
  (select system_identifier::text from pg_control_system()) as system`

export class Replica implements Queryable {
  readonly #options: ReplicaOptions
  readonly #positions: Position[] = []
  readonly #everyMs: number
  /** What had been written by then, by the monotonic clock, the standby has. */
  #coveredAt: number | undefined
  #problem: string | null = 'it was not asked yet'
  #used = false
  #sinceMs: number
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#everyMs = Math.min(1_000, Math.max(100, options.maxLagMs / 5))
    this.#sinceMs = options.clock.now()
  }

  async start(): Promise<void> {
    await this.look()
    this.#timer = setInterval(() => void this.look(), this.#everyMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  get maxLagMs(): number {
    return this.#options.maxLagMs
  }

  get state(): ReplicaState {
    const lagMs = this.#lagMs()
    const late = lagMs !== null && lagMs > this.#options.maxLagMs
    const problem = this.#problem ?? (late ? `it is ${Math.round(lagMs)} ms behind` : null)
    return { used: problem === null && lagMs !== null, lagMs, problem, sinceMs: this.#sinceMs }
  }

  /** Reads the standby, and the primary where it cannot be read. */
  async query<Row extends pg.QueryResultRow>(
    given: string | pg.QueryConfig,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const { primary, standby, observe } = this.#options
    const ask = async (of: Pool): Promise<pg.QueryResult<Row>> =>
      typeof given === 'string' ? await of.query<Row>(given, values) : await of.query<Row>(given)
    if (this.state.used) {
      try {
        const result = await ask(standby)
        observe('replica')
        return result
      } catch (error) {
        if (!isAway(error) && errorCode(error) !== conflict) throw error
        if (isAway(error)) this.#problem = errorMessage(error)
      }
    }
    observe('primary')
    return await ask(primary)
  }

  /** Measures how far behind it is. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    await this.#looking
  }

  async #look(): Promise<void> {
    const { primary, standby, clock } = this.#options
    try {
      // Noted before it is asked, so that it is never taken for newer than it is.
      const at = clock.monotonic()
      const own = (await primary.query<{ bytes: number; system: string }>(position)).rows[0]!
      this.#note({ bytes: own.bytes, at })
      const { rows } = await standby.query<{
        standby: boolean
        bytes: number | null
        system: string
      }>(replayed)
      const other = rows[0]!
      if (other.system !== own.system) {
        this.#coveredAt = undefined
        this.#problem = 'it is a server of another database, and no standby of this one'
      } else {
        // The primary itself, by whatever name.
        this.#cover(other.standby ? (other.bytes ?? 0) : own.bytes)
        this.#problem = null
      }
    } catch (error) {
      this.#problem = errorMessage(error)
    }
    this.#tell()
  }

  #note(noted: Position): void {
    // After a failover the new log may be behind the old one's end.
    while (this.#positions.length > 0 && this.#positions.at(-1)!.bytes > noted.bytes)
      this.#positions.pop()
    this.#positions.push(noted)
  }

  #cover(bytes: number): void {
    const found = this.#positions.findLastIndex((one) => one.bytes <= bytes)
    if (found === -1) return
    this.#coveredAt = Math.max(this.#coveredAt ?? 0, this.#positions[found]!.at)
    this.#positions.splice(0, found)
    // One that stands still for hours.
    if (this.#positions.length > 5_000) this.#positions.splice(1, 2_500)
  }

  #lagMs(): number | null {
    return this.#coveredAt === undefined
      ? null
      : Math.max(0, this.#options.clock.monotonic() - this.#coveredAt)
  }

  #tell(): void {
    const { used, problem } = this.state
    if (used === this.#used) return
    this.#used = used
    this.#sinceMs = this.#options.clock.now()
    const message = used
      ? 'lists and statistics are read from the replica'
      : 'lists and statistics are read from the primary'
    this.#options.log(message, used ? undefined : { replica: problem })
  }
}

/** A statement in the way of what the standby has to do. */
const conflict = '40001'
