/**
 * The connections to destinations, one for each endpoint at a node: opened by the first message, shared by those that
 * are sent at the same time, closed when idle. One that was opened with other settings, that broke, or that did not
 * answer in time gets no further messages; it is closed when those under way have ended.
 */
import type { Connection } from './contract/kind.ts'

/** Opens a connection; `signal` is aborted when it takes too long, or all of them are closed. */
export type Open = (signal: AbortSignal) => Promise<Connection>

interface Entry {
  settings: string
  opening: Promise<Connection>
  users: number
  idleSinceMs: number
  retired: boolean
}

export interface ConnectionsOptions {
  /** Of this node; one more closes the one that is idle longest. */
  most: number
  idleMs: number
  /** How long one may take to open, whoever waits for it. */
  openMs: number
  now: () => number
}

/** A connection for one message; `release` gives it back, and says whether it is to be trusted further. */
export interface Lease {
  connection: Promise<Connection>
  release(trusted: boolean): void
}

export class Connections {
  readonly #options: ConnectionsOptions
  readonly #byEndpoint = new Map<string, Entry>()
  readonly #all = new Set<Entry>()
  readonly #closing = new AbortController()
  readonly #sweeping: NodeJS.Timeout

  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.#sweeping = setInterval(() => this.#sweep(), Math.max(20, options.idleMs / 4))
    this.#sweeping.unref()
  }

  /** Undefined: as many as may be are open, and all are in use. */
  take(endpointId: string, settings: string, open: Open): Lease | undefined {
    let entry = this.#byEndpoint.get(endpointId)
    if (entry && entry.settings !== settings) {
      this.#retire(endpointId, entry)
      entry = undefined
    }
    if (!entry) {
      if (this.#all.size >= this.#options.most && !this.#closeLongestIdle()) return undefined
      entry = this.#open(endpointId, settings, open)
    }
    entry.users += 1
    const taken = entry
    return {
      connection: taken.opening,
      release: (trusted) => {
        taken.users -= 1
        taken.idleSinceMs = this.#options.now()
        if (!trusted) this.#retire(endpointId, taken)
        else if (taken.retired) this.#closeUnused(taken)
      },
    }
  }

  get size(): number {
    return this.#all.size
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping)
    this.#closing.abort()
    const entries = [...this.#all]
    this.#all.clear()
    this.#byEndpoint.clear()
    await Promise.all(entries.map(closed))
  }

  #open(endpointId: string, settings: string, open: Open): Entry {
    const signal = AbortSignal.any([
      this.#closing.signal,
      AbortSignal.timeout(this.#options.openMs),
    ])
    const entry: Entry = {
      settings,
      opening: open(signal),
      users: 0,
      idleSinceMs: this.#options.now(),
      retired: false,
    }
    this.#byEndpoint.set(endpointId, entry)
    this.#all.add(entry)
    entry.opening.then(
      (connection) => connection.onBroken(() => this.#retire(endpointId, entry)),
      () => {
        this.#retire(endpointId, entry)
        this.#all.delete(entry)
      },
    )
    return entry
  }

  #retire(endpointId: string, entry: Entry): void {
    if (this.#byEndpoint.get(endpointId) === entry) this.#byEndpoint.delete(endpointId)
    entry.retired = true
    this.#closeUnused(entry)
  }

  #closeUnused(entry: Entry): void {
    if (entry.users > 0 || !this.#all.delete(entry)) return
    void closed(entry)
  }

  #sweep(): void {
    const before = this.#options.now() - this.#options.idleMs
    for (const [endpointId, entry] of this.#byEndpoint)
      if (entry.users === 0 && entry.idleSinceMs <= before) this.#retire(endpointId, entry)
  }

  #closeLongestIdle(): boolean {
    let longest: [string, Entry] | undefined
    for (const one of this.#byEndpoint) {
      if (one[1].users === 0 && (!longest || one[1].idleSinceMs < longest[1].idleSinceMs))
        longest = one
    }
    if (!longest) return false
    this.#retire(...longest)
    return true
  }
}

async function closed({ opening }: Entry): Promise<void> {
  const connection = await opening.catch(() => undefined)
  await connection?.close()
}
