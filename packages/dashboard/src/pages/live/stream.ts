import type { StreamEvent } from '../../api/shapes.ts'

/** So many rows are kept to scroll back to; the oldest make room. */
const KEPT = 5_000
/** As often as a screen is drawn anew at most: a burst becomes one change. */
const DRAW_MS = 100
const LONGEST_WAIT_MS = 30_000
/** `EventSource.CLOSED`: the browser tries no more. */
const CLOSED = 2

export interface LiveState {
  status: 'connecting' | 'connected' | 'broken'
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

/**
 * Follows the stream until the answer is called. After a break the browser connects again by itself, with the last id
 * it saw; after an end, which a node that stops says too, or an answer that is no stream, it is done here.
 */
export function follow(
  url: string,
  tell: (state: LiveState) => void,
  open: OpenSource,
): () => void {
  const gathered = new Gathered(() => tell(gathered.state))
  let source: EventSource
  let lastId = ''
  let tries = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const connect = (): void => {
    const joint = url.includes('?') ? '&' : '?'
    source = open(lastId === '' ? url : `${url}${joint}last_event_id=${encodeURIComponent(lastId)}`)
    const on = (name: string, heard: (event: MessageEvent<string>) => void): void =>
      source.addEventListener(name, heard as (event: Event) => void)
    on('hello', () => {
      tries = 0
      gathered.set({ status: 'connected' })
    })
    on('events', ({ data, lastEventId }) => {
      lastId = lastEventId || lastId
      gathered.add(JSON.parse(data) as StreamEvent[])
    })
    on('dropped', ({ data }) => {
      const { count } = JSON.parse(data) as { count: number }
      gathered.set({ dropped: gathered.state.dropped + count })
    })
    on('end', again)
    on('error', () => {
      if (source.readyState === CLOSED) again()
      else gathered.set({ status: 'broken' })
    })
  }
  const again = (): void => {
    source.close()
    clearTimeout(timer)
    timer = setTimeout(connect, Math.min(1_000 * 2 ** tries, LONGEST_WAIT_MS))
    tries += 1
    gathered.set({ status: 'broken' })
  }
  connect()
  return () => {
    gathered.stop()
    clearTimeout(timer)
    source.close()
  }
}
