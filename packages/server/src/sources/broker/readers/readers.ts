/**
 * Reads the brokers that feed sources of the API. Every node reads every source; the broker shares the messages out, or
 * a slot says whose they are.
 *
 * Promises: a message is acknowledged only after its events are durable, or after it was set aside with the reason; one
 * that is handed out again is no second event; a broker or a database that is away is waited for, with no more in hand
 * than two batches a source; a source that is made, changed or deleted is read, read otherwise or no longer within
 * seconds, on every node.
 */
import { PomboError } from '../../../core/error.ts'
import type { Said } from '../../../core/said.ts'
import { isAway, type Pool } from '../../../db/pool.ts'
import type { Seal } from '../../../db/seal.ts'
import { problemIn } from '../../../destinations/destinations.ts'
import type { Intake } from '../../intake/intake.ts'
import { sourceOf } from '../../intake/registered/row.ts'
import { openBroker } from '../../intake/registered/store.ts'
import type { Source } from '../../intake/settings.ts'
import { brokerOf } from '../../brokers.ts'
import { Rounds } from '../../rounds.ts'
import { Puller } from '../broker.ts'
import type { BrokerSettings, BrokerType } from '../kind.ts'
import { fedSources, forgetReader, noteReader, type ReaderState, slotsOf } from './store.ts'
import { takeMessages } from './take.ts'
import { refuseInTheClear, type TrialTools } from './trial.ts'

export type PulledResult = 'accepted' | 'refused' | 'left'

export interface BrokerReadersDeps extends TrialTools {
  pool: Pool
  seal: Seal
  lease: { id: string; ids: string[] }
  /** After how long without a heartbeat a node counts as dead. */
  leaseMs: number
  intake: Intake
  maxBodyBytes: number
  /** Names this process among all that read. */
  reader: string
  log: (message: string, error?: unknown) => void
  metrics: {
    recordPulled(type: BrokerType, result: PulledResult, count: number): void
    setReaders(counts: readonly { type: BrokerType; state: ReaderState; count: number }[]): void
  }
  /** How often this node looks for sources that others changed. */
  lookMs?: number
}

interface Running {
  source: Source
  settings: BrokerSettings
  text: string
  state: ReaderState
  reason: Said | null
  /** What of it is in the database, and under which node. */
  written: string
  /** One write at a time, so that the last one stands. */
  writing: Promise<void>
  stop: () => Promise<void>
  forget: () => Promise<void>
}

export class BrokerReaders {
  readonly #deps: BrokerReadersDeps
  readonly #running = new Map<string, Running>()
  readonly #rounds: Rounds

  constructor(deps: BrokerReadersDeps) {
    this.#deps = deps
    this.#rounds = new Rounds(
      async () => await this.#look(),
      deps.lookMs ?? 2_000,
      (error) => deps.log('looking for sources to read failed', error),
    )
  }

  /** A source was made, changed or deleted: there is no need to wait for the next look. */
  readonly look = (): void => this.#rounds.now()
  readonly start = (): void => this.#rounds.start()

  async stop(): Promise<void> {
    await this.#rounds.stop()
    await this.#leave([...this.#running.keys()])
  }

  async #look(): Promise<void> {
    const { pool, seal, log } = this.#deps
    const found = new Map<string, { source: Source; settings: BrokerSettings; text: string }>()
    const rows = await fedSources(pool)
    const known = new Set(rows.map(({ id }) => id))
    for (const row of rows) {
      const source = sourceOf(row)
      try {
        const settings = openBroker(seal, source)!
        if (!isPaused(settings) || brokerOf(settings).keeps)
          found.set(source.id, { source, settings, text: JSON.stringify(settings) })
      } catch (error) {
        log(`the broker of source ${source.name} cannot be opened`, error)
      }
    }
    const gone = [...this.#running].filter(([id, { text }]) => found.get(id)?.text !== text)
    await this.#leave(
      gone.map(([id]) => id),
      // Of a broker that is left, too.
      (id) =>
        !known.has(id) ||
        (found.has(id) && leads(found.get(id)!) !== leads(this.#running.get(id)!)),
    )
    for (const [id, one] of found) {
      if (this.#rounds.over) return
      const running = this.#running.get(id)
      if (running) running.source = one.source
      else await this.#read(one.source, one.settings, one.text)
    }
    for (const running of this.#running.values()) this.#write(running)
  }

  async #read(source: Source, settings: BrokerSettings, text: string): Promise<void> {
    const { pool, lease, leaseMs, network, clientName, reader, intake, log, maxBodyBytes } =
      this.#deps
    const running: Running = {
      source,
      settings,
      text,
      state: 'connecting',
      reason: null,
      written: '',
      writing: Promise.resolve(),
      stop: async () => {},
      forget: async () => {},
    }
    this.#running.set(source.id, running)
    const told = (message: string, error?: unknown) =>
      log(`source ${source.name}: ${message}`, error)
    const tell = (state: ReaderState, reason: Said | null) => this.#tell(running, state, reason)
    const hear = (error: unknown) => {
      if (error === null) tell('reading', null)
      else tell('failing', problemIn(error).problem)
    }
    try {
      refuseInTheClear(settings, network)
      const consumer = await brokerOf(settings).reader(settings, {
        network,
        clientName,
        reader,
        leaseMs,
        sourceId: source.id,
        slots: slotsOf(pool, source, lease),
        log: told,
      })
      const puller = new Puller<unknown>(consumer, {
        log: told,
        hear,
        take: async (items, stopping) => {
          const fates = await takeMessages(
            items.map((item) => consumer.message(item)),
            {
              intake,
              source: () => running.source,
              maxBodyBytes,
              stopping,
              onWait: (error) => tell('waiting', whyWaiting(error)),
              log: told,
            },
          )
          const counts = Map.groupBy(fates, ({ kind }) => kind)
          for (const [kind, all] of counts)
            this.#deps.metrics.recordPulled(settings.type, kind, all.length)
          return fates
        },
      })
      running.stop = async () => await puller.stop()
      running.forget = async () => await consumer.forget?.()
      if (!isPaused(settings)) puller.start()
    } catch (error) {
      // Nobody waits for it: it is tried again at the next look.
      if (isPaused(settings)) return void this.#running.delete(source.id)
      // A library that is not installed; what is said of the settings at creation.
      told('it cannot be read', error)
      hear(error)
    }
  }

  #tell(running: Running, state: ReaderState, reason: Said | null): void {
    if (running.state === state && running.reason?.msg === reason?.msg) return
    running.state = state
    running.reason = reason
    this.#measure()
    this.#write(running)
  }

  /** Again at the next look, where the database is away. */
  #write(running: Running): void {
    running.writing = running.writing.then(async () => await this.#writeNow(running))
  }

  async #writeNow(running: Running): Promise<void> {
    const { pool, lease, log } = this.#deps
    const { source, state, reason, written } = running
    const now = JSON.stringify([lease.id, state, reason?.msg])
    if (written === now || this.#running.get(source.id) !== running) return
    if (isPaused(running.settings)) return
    running.written = now
    const key = { sourceId: source.id, tenantId: source.tenantId, nodeId: lease.id }
    await noteReader(pool, key, state, reason).catch((error: unknown) => {
      running.written = written
      if (!isAway(error)) log('how a broker is read could not be noted', error)
    })
  }

  #measure(): void {
    const states = Map.groupBy(
      [...this.#running.values()].filter(({ settings }) => !isPaused(settings)),
      ({ settings, state }) => `${settings.type} ${state}`,
    )
    this.#deps.metrics.setReaders(
      [...states.values()].map((all) => ({
        type: all[0]!.settings.type,
        state: all[0]!.state,
        count: all.length,
      })),
    )
  }

  async #leave(ids: readonly string[], isGone: (id: string) => boolean = () => false) {
    const { pool, lease, log } = this.#deps
    await Promise.all(
      ids.map(async (id) => {
        const running = this.#running.get(id)!
        const ends = isGone(id)
        this.#running.delete(id)
        // What it had alone is another node's once the lease has run out, where it cannot be given back now.
        await running.stop().catch((error: unknown) => {
          if (!isAway(error))
            log(`what is read of ${running.source.name} was not given back`, error)
        })
        await running.writing
        if (ends)
          await running
            .forget()
            .catch((error: unknown) => log('a broker was not told of the end', error))
        const key = { sourceId: id, tenantId: running.source.tenantId, nodeId: lease.id }
        // Where it cannot be forgotten: it counts no longer once the node's lease has run out.
        await forgetReader(pool, key).catch(() => {})
      }),
    )
    this.#measure()
  }
}

function isPaused({ paused }: BrokerSettings): boolean {
  return paused === true
}

/** Which broker it is, whoever asks. */
function leads({ settings }: Pick<Running, 'settings'>): string {
  return `${settings.type} ${new URL(settings.url).host}`
}

function whyWaiting(error: unknown): Said | null {
  if (error instanceof PomboError) return { msg: error.message, code: error.code }
  if (!(error instanceof Error)) return null
  return isAway(error) ? { msg: error.message, code: 'database_away' } : { msg: error.message }
}
