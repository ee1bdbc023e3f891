import { backoffMs } from './backoff.ts'
import type { EventBuffer, Limit } from './buffer.ts'
import type { Answers, Outcome } from './post.ts'
import type { BufferedEvent } from './record.ts'
import { isSystemError } from './system-error.ts'

export type Activity = 'ready' | 'retrying' | 'refused'

export interface DeliveryDeps {
  buffer: EventBuffer
  limit: Limit
  post: (body: string, stop: AbortSignal) => Promise<Outcome>
  onSent: (events: number, answers: Partial<Answers>) => void
  onGivenUp: (reason: 'expired' | 'rejected' | 'tooLarge', events: number, detail: string) => void
  onActivity: (activity: Activity, detail: string | null) => void
  nowMs: () => number
  random: () => number
}

/** Events that Pombo did not take by themselves. */
interface Trouble {
  aside: BufferedEvent[]
  /** What it said of each. */
  tooLarge: string[]
}

type Settled = 'settled' | 'later' | 'stopped'

const leastBytes = 16_384

/**
 * The loop that empties the buffer: one batch at a time, in order; the next goes only when the one before is with
 * Pombo.
 *
 * While Pombo is away the same batch is tried again and again. An event that Pombo rejects is found by halving its
 * batch, set aside, and given up only if Pombo takes others and rejects it once more: a Pombo that rejects everything
 * costs no event.
 */
export class Delivery {
  readonly #deps: DeliveryDeps
  readonly #stop = new AbortController()
  #bytes: number
  #retries = 0
  #wake: (() => void) | undefined
  #isNews = false
  #isIdle = false
  #ended: Promise<void> | undefined
  /** Of the batch that is taken, those that are with Pombo already. */
  #sentOfBatch = 0

  constructor(deps: DeliveryDeps) {
    this.#deps = deps
    this.#bytes = deps.limit.bytes
  }

  get sentOfBatch(): number {
    return this.#sentOfBatch
  }

  start(): void {
    this.#ended = this.#run()
  }

  /** There is something to send. */
  notify(): void {
    this.#isNews = true
    if (this.#isIdle) this.#wake?.()
  }

  /** Tries again now. */
  wake(): void {
    this.#wake?.()
  }

  /** Ends with what is in flight. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.wake()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { buffer, onActivity } = this.#deps
    while (!this.#stop.signal.aborted) {
      this.#isNews = false
      const events = await this.#taken()
      if (events === 'unreadable') continue
      if (!events) {
        onActivity('ready', null)
        this.#isIdle = true
        if (!this.#isNews) await this.#pause(undefined)
        this.#isIdle = false
        continue
      }
      this.#sentOfBatch = 0
      const settled = await this.#deliver(events)
      if (settled === 'settled') buffer.done()
      else if (settled === 'later') buffer.putBack()
      this.#sentOfBatch = settled === 'stopped' ? this.#sentOfBatch : 0
    }
  }

  /** A disk that cannot be read is tried again like a Pombo that is away. */
  async #taken(): Promise<BufferedEvent[] | undefined | 'unreadable'> {
    const { buffer, limit, onActivity } = this.#deps
    try {
      return buffer.take({ events: limit.events, bytes: this.#bytes })
    } catch (error) {
      if (!isSystemError(error)) throw error
      onActivity('retrying', error.message)
      await this.#backOff(undefined)
      return 'unreadable'
    }
  }

  async #deliver(events: BufferedEvent[]): Promise<Settled> {
    const { nowMs, onGivenUp } = this.#deps
    const live = events.filter(({ untilMs }) => untilMs === null || untilMs >= nowMs())
    const trouble: Trouble = { aside: [], tooLarge: [] }
    if (live.length > 0 && (await this.#send(live, trouble)) === 'stopped') return 'stopped'
    if (trouble.aside.length > 0 && this.#sentOfBatch === 0) {
      // All of them: so it is not the events. They come again with those that came meanwhile.
      await this.#backOff(undefined)
      return this.#stop.signal.aborted ? 'stopped' : 'later'
    }
    for (const event of trouble.aside)
      if ((await this.#lastTry(event)) === 'stopped') return 'stopped'
    for (const detail of trouble.tooLarge) onGivenUp('tooLarge', 1, detail)
    if (live.length < events.length)
      onGivenUp('expired', events.length - live.length, 'A QR code is good for a minute.')
    return 'settled'
  }

  /** Sends them all, in halves where it must. */
  async #send(events: BufferedEvent[], trouble: Trouble): Promise<Settled> {
    const outcome = await this.#sendOnce(events)
    if (outcome.outcome === 'sent' || outcome.outcome === 'stopped')
      return outcome.outcome === 'sent' ? 'settled' : 'stopped'
    if (events.length === 1) {
      if (outcome.outcome === 'too-large') trouble.tooLarge.push(outcome.detail)
      else trouble.aside.push(events[0]!)
      return 'settled'
    }
    if (outcome.outcome === 'too-large')
      this.#bytes = Math.max(leastBytes, Math.floor(this.#bytes / 2))
    const middle = Math.ceil(events.length / 2)
    const first = await this.#send(events.slice(0, middle), trouble)
    return first === 'stopped' ? first : await this.#send(events.slice(middle), trouble)
  }

  async #lastTry(event: BufferedEvent): Promise<Settled> {
    const outcome = await this.#sendOnce([event])
    if (outcome.outcome === 'stopped') return 'stopped'
    if (outcome.outcome !== 'sent') this.#deps.onGivenUp('rejected', 1, outcome.detail)
    return 'settled'
  }

  /** Until Pombo is there and has said what it thinks of them. */
  async #sendOnce(
    events: BufferedEvent[],
  ): Promise<Exclude<Outcome, { outcome: 'later' | 'refused' }>> {
    const { post, onSent, onActivity } = this.#deps
    const body = bodyOf(events)
    for (;;) {
      const outcome = await post(body, this.#stop.signal)
      switch (outcome.outcome) {
        case 'sent':
          this.#retries = 0
          this.#sentOfBatch += events.length
          onActivity('ready', null)
          onSent(events.length, outcome.answers)
          return outcome
        case 'stopped':
          return outcome
        case 'rejected':
        case 'too-large':
          onActivity('retrying', outcome.detail)
          return outcome
        case 'later':
        case 'refused':
          onActivity(outcome.outcome === 'refused' ? 'refused' : 'retrying', outcome.detail)
          await this.#backOff(outcome.retryAfterMs)
      }
      if (this.#stop.signal.aborted) return { outcome: 'stopped' }
    }
  }

  async #backOff(askedMs: number | undefined): Promise<void> {
    const waitMs = backoffMs(this.#retries, askedMs, this.#deps.random)
    this.#retries += 1
    await this.#pause(waitMs)
  }

  /** Until woken, or for a time. The timer keeps the process alive: events are waiting. */
  async #pause(waitMs: number | undefined): Promise<void> {
    if (this.#stop.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }
}

/** The id of a batch is that of its first event and their number: the same for the same events. */
function bodyOf(events: BufferedEvent[]): string {
  const { text: firstText, me } = events[0]!
  const id = /^\{"id":"([^"]+)"/.exec(firstText)![1]!
  const account = me === '' ? '' : `"me":${me},`
  return `{"id":"${id}+${events.length}",${account}"events":[${events.map(({ text }) => text).join(',')}]}`
}
