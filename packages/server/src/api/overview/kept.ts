import type { Clock } from '../../core/clock.ts'

interface Kept<Value> {
  value: Value
  readAtMs: number
  tookMs: number
}

/** An answer may be this old; one that took long to read, twenty times as long as that. */
const FRESH_MS = 2_000
/** Older ones are waited for. */
const STALE_MS = 30_000
const KEYS = 1_000

/**
 * Answers that many look at and that cost the database something: each is read by one look at a time, at most every
 * two seconds, and whoever looks meanwhile sees the last one.
 */
export class KeptAnswers<Value> {
  readonly #kept = new Map<string, Kept<Value>>()
  readonly #reading = new Map<string, Promise<Kept<Value>>>()
  readonly #clock: Pick<Clock, 'monotonic'>

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  async get(key: string, read: () => Promise<Value>): Promise<{ value: Value; ageMs: number }> {
    const nowMs = this.#clock.monotonic()
    const known = this.#kept.get(key)
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : nowMs - known.readAtMs
    if (known !== undefined && ageMs < Math.max(FRESH_MS, 20 * known.tookMs))
      return { value: known.value, ageMs }
    const reading = this.#read(key, read)
    if (known !== undefined && ageMs < STALE_MS) {
      // The next look gets it; one that fails is tried again by the next.
      reading.catch(() => {})
      return { value: known.value, ageMs }
    }
    return { value: (await reading).value, ageMs: 0 }
  }

  #read(key: string, read: () => Promise<Value>): Promise<Kept<Value>> {
    const running = this.#reading.get(key)
    if (running !== undefined) return running
    const startedAtMs = this.#clock.monotonic()
    const reading = read()
      .then((value) => {
        const readAtMs = this.#clock.monotonic()
        const kept = { value, readAtMs, tookMs: readAtMs - startedAtMs }
        if (this.#kept.size >= KEYS) this.#kept.clear()
        this.#kept.set(key, kept)
        return kept
      })
      .finally(() => this.#reading.delete(key))
    this.#reading.set(key, reading)
    return reading
  }
}
