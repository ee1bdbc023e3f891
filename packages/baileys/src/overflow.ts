import type { Overflow } from './options.ts'

export interface OverflowWatch {
  lost(events: number): void
  /** An event got through: there is room again. */
  delivered(): void
  readonly isOn: boolean
}

const everyMs = 1_000

/** Tells of lost events when it begins, at most once a second while it lasts, and when it ends; none is left untold. */
export function createOverflowWatch(deps: {
  tell: (overflow: Overflow) => void
  waiting: () => Overflow['waiting']
  nowMs: () => number
}): OverflowWatch {
  let total = 0
  let untold = 0
  let toldAtMs = 0
  let isOn = false

  function tell(ended: boolean): void {
    const events = untold
    untold = 0
    toldAtMs = deps.nowMs()
    deps.tell({ events, total, waiting: deps.waiting(), ended })
  }

  return {
    lost(events) {
      total += events
      untold += events
      const isDue = !isOn || deps.nowMs() - toldAtMs >= everyMs
      isOn = true
      if (isDue) tell(false)
    },
    delivered() {
      if (!isOn) return
      isOn = false
      tell(true)
    },
    get isOn() {
      return isOn
    },
  }
}
