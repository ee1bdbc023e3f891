import type { Activity } from './delivery.ts'
import type { ConnectionState, ConnectionStats, ConnectOptions, DropReason } from './options.ts'
import type { Answers } from './post.ts'

type Counts = Omit<ConnectionStats, 'state' | 'waiting' | 'inferred'>

interface Flush {
  /** How many events must be settled. */
  target: number
  resolve: (isDone: boolean) => void
}

/** What became of every event, and who waits for it. */
export class Tally {
  readonly counts: Counts = {
    received: 0,
    resumed: 0,
    sent: 0,
    dropped: {
      total: 0,
      overflow: 0,
      rejected: 0,
      tooLarge: 0,
      expired: 0,
      unreadable: 0,
      damaged: 0,
      closed: 0,
    },
    skipped: 0,
    answers: { accepted: 0, duplicate: 0, filtered: 0, skipped: 0 },
    lastSentAt: null,
    lastError: null,
  }
  readonly #callbacks: Pick<ConnectOptions, 'onDropped' | 'onState'>
  #state: ConnectionState = 'ready'
  #activity: Activity = 'ready'
  #isOverflowing = false
  #isClosed = false
  #flushes: Flush[] = []

  constructor(callbacks: Pick<ConnectOptions, 'onDropped' | 'onState'>) {
    this.#callbacks = callbacks
  }

  get state(): ConnectionState {
    return this.#state
  }

  sent(events: number, answers: Partial<Answers>): void {
    this.counts.sent += events
    this.counts.lastSentAt = new Date().toISOString()
    for (const name of Object.keys(this.counts.answers) as (keyof Answers)[])
      this.counts.answers[name] += Number(answers[name] ?? 0)
    this.#resolveFlushes()
  }

  dropped(reason: DropReason, events: number, detail: string): void {
    if (events === 0) return
    this.counts.dropped[reason] += events
    this.counts.dropped.total += events
    callBack(() => this.#callbacks.onDropped?.({ reason, events, detail }))
    this.#resolveFlushes()
  }

  activity(activity: Activity, detail: string | null): void {
    this.#activity = activity
    if (detail !== null) this.counts.lastError = detail
    this.#changeState(detail)
  }

  overflowing(isOn: boolean): void {
    this.#isOverflowing = isOn
    this.#changeState(null)
  }

  closed(): void {
    this.#isClosed = true
    this.#changeState(null)
    for (const { resolve } of this.#flushes) resolve(false)
  }

  /** Resolves with true once all that came until now is sent or dropped, or with false after `timeoutMs`. */
  async whenSettled(timeoutMs: number | undefined): Promise<boolean> {
    const target = this.counts.received + this.counts.resumed
    if (this.#settled() >= target) return true
    if (this.#isClosed) return false
    let timer: NodeJS.Timeout | undefined
    const isDone = await new Promise<boolean>((resolve) => {
      this.#flushes.push({ target, resolve })
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs, false)
    })
    clearTimeout(timer)
    return isDone
  }

  /** Events leave the buffer in the order in which they came in, so their number tells which have left. */
  #settled(): number {
    return this.counts.sent + this.counts.dropped.total
  }

  #resolveFlushes(): void {
    const settled = this.#settled()
    for (const { target, resolve } of this.#flushes) if (settled >= target) resolve(true)
    this.#flushes = this.#flushes.filter(({ target }) => settled < target)
  }

  #changeState(detail: string | null): void {
    const state = this.#isClosed ? 'closed' : this.#isOverflowing ? 'overflow' : this.#activity
    if (state === this.#state) return
    this.#state = state
    callBack(() => this.#callbacks.onState?.(state, detail))
  }
}

/** What a callback throws is its program's own, and must not stop the delivery: it comes up as uncaught. */
export function callBack(work: () => void): void {
  try {
    work()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
