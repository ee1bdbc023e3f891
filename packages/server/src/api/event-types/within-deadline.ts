/**
 * Schemas are a tenant's, and payloads anybody's: by the pattern `^(a+)+$` a text of forty letters would take the one
 * thread for years, and `uniqueItems` takes the square of a list. Such schemas are checked against a deadline, which
 * V8 keeps within a regular expression too. It costs a thread, some 0.2 ms; all other schemas go without.
 *
 * A deadline alone would not do: four such payloads a second, of 250 ms each, are the whole thread. So each sender has
 * so much time, of which what an honest check takes is not counted.
 */
import { type Context, createContext, Script } from 'node:vm'
import { fields } from '../../core/json-values.ts'

/** What takes longer than linear in the payload; by references a schema may branch at each depth of it. */
const mayTakeLong = /"(?:pattern|patternProperties|uniqueItems|\$(?:dynamic|recursive)?[rR]ef)":/

/** Saved up at most, and so the longest check: 1 MB by a pattern of a date takes a millisecond. */
const savedMs = 250
/** A fortieth of the thread. */
const msPerSecond = 25
/** So much must have been there to say of a payload that it takes too long; with less it may be tried again. */
const fairMs = 25
const uncountedMs = 2

/** What the checks of one sender's payloads may take of the thread. */
export class CheckTime {
  #leftMs = savedMs
  #countedAt: number
  readonly #monotonic: () => number

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
    this.#countedAt = monotonic()
  }

  /** Whole milliseconds. */
  left(): number {
    const now = this.#monotonic()
    const since = ((now - this.#countedAt) / 1_000) * msPerSecond
    this.#leftMs = Math.min(savedMs, this.#leftMs + since)
    this.#countedAt = now
    return Math.floor(this.#leftMs)
  }

  took(ms: number): void {
    if (ms > uncountedMs) this.#leftMs -= ms
  }
}

type Check<Answer> = (payload: unknown) => Answer
/** `late`: the payload takes too long. `no-time`: the sender's others have left too little time to say. */
type TimedCheck<Answer> = (payload: unknown, time: CheckTime) => Answer | 'late' | 'no-time'

let timed: { context: Context; script: Script } | undefined

/** The same check, within the sender's time where it may take long. */
export function withinDeadline<Answer>(schema: object, check: Check<Answer>): TimedCheck<Answer> {
  if (!mayTakeLong.test(JSON.stringify(schema))) return check
  return (payload, time) => {
    const timeout = time.left()
    if (timeout < 1) return 'no-time'
    timed ??= { context: createContext(), script: new Script('check()') }
    const { context, script } = timed
    context['check'] = () => check(payload)
    const before = process.threadCpuUsage()
    try {
      return script.runInContext(context, { timeout }) as Answer
    } catch (error) {
      // It is of the context's own `Error`.
      if (fields(error)?.['code'] !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      return timeout < fairMs ? 'no-time' : 'late'
    } finally {
      // On a core: what a busy machine takes from the thread meanwhile is nobody's.
      const { user, system } = process.threadCpuUsage(before)
      time.took((user + system) / 1_000)
      context['check'] = undefined
    }
  }
}
