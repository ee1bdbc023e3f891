import { randomBytes } from 'node:crypto'
import type { EventBuffer } from './buffer.ts'
import { Delivery } from './delivery.ts'
import { openDiskBuffer } from './disk-buffer.ts'
import { type EventText, eventTexts } from './events.ts'
import { createMemoryBuffer } from './memory-buffer.ts'
import {
  checkOptions,
  type ConnectionStats,
  type ConnectOptions,
  type Settings,
} from './options.ts'
import { createOverflowWatch, type OverflowWatch } from './overflow.ts'
import { post } from './post.ts'
import { type BaileysSocket, listen } from './socket.ts'
import { createStatusSteps } from './status-steps.ts'
import { callBack, Tally } from './tally.ts'

export interface Connection {
  /** Forwards another socket's events instead: the one that the program makes after a close. What waits, waits on. */
  attach(sock: BaileysSocket): void
  /**
   * Resolves with true when everything that came before the call is with Pombo or was dropped; with false after
   * `timeoutMs`, if it is given. Does not wait out a pause between two tries.
   */
  flush(options?: { timeoutMs?: number }): Promise<boolean>
  /**
   * Forwards nothing more, waits up to `timeoutMs` (5,000 unless given) for what is waiting, and ends. What is not
   * delivered then stays in the directory, or without one is dropped as `closed`. To be called before the program
   * ends.
   */
  close(options?: { timeoutMs?: number }): Promise<ConnectionStats>
  stats(): ConnectionStats
}

/**
 * Forwards every event of a Baileys socket to Pombo but keys: in order, in batches, tried again until Pombo has them,
 * buffered meanwhile. Listens from the call on, so call it right after `makeWASocket`.
 * @throws TypeError for a wrong option; Error where the directory cannot be used
 */
export function connectBaileys(sock: BaileysSocket, options: ConnectOptions): Connection {
  return new BaileysConnection(sock, options)
}

class BaileysConnection implements Connection {
  readonly #settings: Settings
  readonly #tally: Tally
  readonly #buffer: EventBuffer
  readonly #overflow: OverflowWatch
  readonly #delivery: Delivery
  readonly #steps = createStatusSteps()
  // Makes the ids of this connection's events its own; what an earlier one left on the disk has ids already.
  readonly #stream = randomBytes(9).toString('base64url')
  #count = 0
  #sock: BaileysSocket
  #stopListening: () => void
  #closing: Promise<ConnectionStats> | undefined
  #left: ConnectionStats['waiting'] | undefined

  constructor(sock: BaileysSocket, options: ConnectOptions) {
    this.#settings = checkOptions(options)
    this.#sock = sock
    this.#tally = new Tally(options)
    this.#overflow = createOverflowWatch({
      tell: (overflow) => callBack(() => options.onOverflow?.(overflow)),
      waiting: () => this.#waiting(),
      nowMs: Date.now,
    })
    this.#buffer = this.#openBuffer()
    this.#delivery = this.#startDelivery()
    this.#stopListening = this.#listen(sock)
  }

  attach(sock: BaileysSocket): void {
    if (this.#closing) throw new Error('The connection is closed; make another.')
    this.#stopListening()
    this.#sock = sock
    this.#stopListening = this.#listen(sock)
  }

  async flush({ timeoutMs }: { timeoutMs?: number } = {}): Promise<boolean> {
    const settled = this.#tally.whenSettled(timeoutMs)
    this.#delivery.wake()
    return await settled
  }

  close({ timeoutMs = 5_000 }: { timeoutMs?: number } = {}): Promise<ConnectionStats> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  stats(): ConnectionStats {
    const { counts, state } = this.#tally
    return {
      ...counts,
      state,
      inferred: this.#steps.inferred,
      waiting: this.#left ?? this.#waiting(),
      dropped: { ...counts.dropped },
      answers: { ...counts.answers },
    }
  }

  #openBuffer(): EventBuffer {
    const { bound, memoryBound, directory, fsync } = this.#settings
    const onLost = (reason: 'overflow' | 'damaged', events: number): void => {
      const detail =
        reason === 'overflow'
          ? `More than ${bound.events} events or ${bound.bytes} bytes were waiting.`
          : 'A file of the buffer is not as it was written.'
      this.#tally.dropped(reason, events, detail)
      if (reason === 'damaged') return
      this.#overflow.lost(events)
      this.#tally.overflowing(true)
    }
    if (directory === undefined) return createMemoryBuffer(bound, onLost)
    const buffer = openDiskBuffer({
      directory,
      bound,
      memory: memoryBound,
      fsync,
      onLost,
      onError: (error) => {
        this.#tally.counts.lastError = error.message
      },
      nowMs: Date.now,
    })
    this.#tally.counts.resumed = buffer.resumed
    return buffer
  }

  #startDelivery(): Delivery {
    const delivery = new Delivery({
      buffer: this.#buffer,
      limit: this.#settings.batch,
      post: (body, stop) => post(this.#settings.target, body, stop),
      onSent: (events, answers) => {
        this.#tally.sent(events, answers)
        this.#overflow.delivered()
        this.#tally.overflowing(false)
      },
      onGivenUp: (reason, events, detail) => this.#tally.dropped(reason, events, detail),
      onActivity: (activity, detail) => this.#tally.activity(activity, detail),
      nowMs: Date.now,
      random: Math.random,
    })
    delivery.start()
    return delivery
  }

  #listen(sock: BaileysSocket): () => void {
    return listen(sock, (name, data) => this.#take(name, data))
  }

  #take(name: string, data: unknown): void {
    const { counts } = this.#tally
    if (this.#settings.skip.has(name)) {
      counts.skipped += 1
      return
    }
    let texts: EventText[]
    try {
      texts = eventTexts(name, data, this.#steps, this.#settings.batch.bytes)
    } catch (error) {
      // It is counted and told; thrown from here it would end the gateway.
      counts.received += 1
      this.#tally.dropped('unreadable', 1, `${name}: ${String(error)}`)
      return
    }
    const atMs = Date.now()
    const me = this.#account()
    for (const { name: event, data: text, usefulMs } of texts) {
      const id = `${this.#stream}-${(this.#count++).toString(36)}`
      const at = new Date(atMs).toISOString()
      const record = `{"id":"${id}","event":${JSON.stringify(event)},"at":"${at}","data":${text}}`
      counts.received += 1
      this.#buffer.append({
        text: record,
        bytes: Buffer.byteLength(record),
        me,
        atMs,
        untilMs: usefulMs === null ? null : atMs + usefulMs,
      })
    }
    this.#delivery.notify()
  }

  #account(): string {
    const { user } = this.#sock
    return user ? JSON.stringify({ id: user.id, lid: user.lid, name: user.name }) : ''
  }

  #waiting(): ConnectionStats['waiting'] {
    const { events, bytes, oldestAtMs } = this.#buffer.waiting()
    return {
      events: events - this.#delivery.sentOfBatch,
      bytes,
      oldestAt: oldestAtMs === null ? null : new Date(oldestAtMs).toISOString(),
    }
  }

  async #close(timeoutMs: number): Promise<ConnectionStats> {
    this.#stopListening()
    await this.flush({ timeoutMs })
    await this.#delivery.stop()
    const waiting = this.#waiting()
    const lost = Math.min(this.#buffer.close().lost, waiting.events)
    this.#left = { ...waiting, events: waiting.events - lost }
    this.#tally.dropped('closed', lost, 'The connection was closed while it waited in memory.')
    this.#tally.closed()
    return this.stats()
  }
}
