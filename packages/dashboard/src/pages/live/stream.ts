import type { StreamEvent } from '../../api/shapes.ts'

/** So many rows are kept to scroll back to; the oldest make room. */
const KEPT = 5_000
/** As often as a screen is drawn anew at most: a burst becomes one change. */
const DRAW_MS = 100

export interface LiveState {
  status: 'connecting' | 'connected' | 'broken' | 'ended'
  /** Oldest first. */
  rows: readonly StreamEvent[]
  /** How many there were in all, so that a reader knows what came since. */
  seen: number
  dropped: number
}

/** What comes is gathered and handed over in batches; what came twice, after a break, is shown once. */
export class Gathered {
  readonly #tell: () => void
  #state: LiveState = { status: 'connecting', rows: [], seen: 0, dropped: 0 }
  #waiting: StreamEvent[] = []
  #ids = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(tell: () => void) {
    this.#tell = tell
  }

  get state(): LiveState {
    return this.#state
  }

  set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change }
    this.#tell()
  }

  add(events: readonly StreamEvent[]): void {
    for (const event of events) {
      if (this.#ids.has(event.id)) continue
      this.#ids.add(event.id)
      this.#waiting.push(event)
    }
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #draw(): void {
    this.#timer = undefined
    const came = this.#waiting
    this.#waiting = []
    const all = [...this.#state.rows, ...came]
    for (const { id } of all.slice(0, Math.max(0, all.length - KEPT))) this.#ids.delete(id)
    this.set({ rows: all.slice(-KEPT), seen: this.#state.seen + came.length })
  }
}

export type OpenSource = (url: string) => EventSource

/** Follows the stream until the answer is called. The browser connects again by itself, with the last id it saw. */
export function follow(
  url: string,
  tell: (state: LiveState) => void,
  open: OpenSource,
): () => void {
  const gathered = new Gathered(() => tell(gathered.state))
  const source = open(url)
  const on = (name: string, heard: (data: string) => void): void =>
    source.addEventListener(name, (event) => heard(String((event as MessageEvent).data)))
  on('hello', () => gathered.set({ status: 'connected' }))
  on('events', (data) => gathered.add(JSON.parse(data) as StreamEvent[]))
  on('dropped', (data) => {
    const { count } = JSON.parse(data) as { count: number }
    gathered.set({ dropped: gathered.state.dropped + count })
  })
  on('end', () => {
    gathered.set({ status: 'ended' })
    source.close()
  })
  source.addEventListener('error', () => gathered.set({ status: 'broken' }))
  return () => {
    gathered.stop()
    source.close()
  }
}
