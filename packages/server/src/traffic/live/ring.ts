import { type LiveEvent, showEvent } from './event.ts'

/** Whose events a viewer may see. */
export interface Scope {
  tenantId: string
  appId: string | null
}

interface Entry {
  event: LiveEvent
  /** Its number among those of its tenant, and among those of its app. */
  ofTenant: number
  ofApp: number
  /** Made when the first viewer gets it, and the same for all. */
  json: string | undefined
}

/** Where a viewer stands. */
export interface Place {
  next: number
  /** The number of the last event of its scope that it got, or that was told as dropped. */
  seen: number
}

export interface Page {
  events: string[]
  dropped: number
}

/**
 * The last events of this node, however many watch: a viewer is a place in it. Who is so slow that its place is
 * overwritten learns how many events of its scope went by.
 */
export class Ring {
  readonly #entries: (Entry | undefined)[]
  readonly #counts = new Map<string, number>()
  #next = 0

  constructor(capacity: number) {
    this.#entries = Array.from({ length: capacity })
  }

  push(event: LiveEvent): void {
    const ofTenant = this.#count(event.tenantId, 1)
    const ofApp = this.#count(`${event.tenantId}/${event.appId}`, 1)
    this.#entries[this.#next % this.#entries.length] = { event, ofTenant, ofApp, json: undefined }
    this.#next += 1
  }

  /** Events that were left out elsewhere; every viewer of the tenant is told. */
  skip(tenantId: string, count: number): void {
    this.#count(tenantId, count)
  }

  /** Forgets everything: while nobody watches, nothing is kept. */
  clear(): void {
    this.#entries.fill(undefined)
    this.#counts.clear()
  }

  /** After the last event. */
  end(scope: Scope): Place {
    return { next: this.#next, seen: this.#count(keyOf(scope), 0) }
  }

  /** Behind the event of this number, or behind what was there at this time, as far as that is kept. */
  placeAfter(scope: Scope, at: { number: number } | { ms: number }): Place | undefined {
    const oldest = this.#oldest()
    if ('number' in at && (at.number < oldest - 1 || at.number >= this.#next)) return undefined
    let next = 'number' in at ? at.number + 1 : oldest
    if ('ms' in at) while (next < this.#next && this.#at(next)!.event.atMs < at.ms) next += 1
    let seen = this.#count(keyOf(scope), 0)
    for (let n = next; n < this.#next; n++) if (within(this.#at(n)!.event, scope)) seen -= 1
    return { next, seen }
  }

  /** What comes after a place, which is moved on. */
  read(place: Place, scope: Scope, wanted: (event: LiveEvent) => boolean, limit: number): Page {
    const page: Page = { events: [], dropped: 0 }
    place.next = Math.max(place.next, this.#oldest())
    while (place.next < this.#next && page.events.length < limit) {
      const entry = this.#at(place.next)!
      place.next += 1
      if (!within(entry.event, scope)) continue
      const number = scope.appId === null ? entry.ofTenant : entry.ofApp
      page.dropped += number - place.seen - 1
      place.seen = number
      if (wanted(entry.event))
        page.events.push((entry.json ??= JSON.stringify(showEvent(entry.event))))
    }
    if (place.next === this.#next) {
      const last = this.#count(keyOf(scope), 0)
      page.dropped += last - place.seen
      place.seen = last
    }
    return page
  }

  #at(number: number): Entry | undefined {
    return this.#entries[number % this.#entries.length]
  }

  /** The number of the oldest that is still there. */
  #oldest(): number {
    let oldest = Math.max(0, this.#next - this.#entries.length)
    while (oldest < this.#next && this.#at(oldest) === undefined) oldest += 1
    return oldest
  }

  #count(key: string, by: number): number {
    const count = (this.#counts.get(key) ?? 0) + by
    if (by > 0) this.#counts.set(key, count)
    return count
  }
}

function keyOf({ tenantId, appId }: Scope): string {
  return appId === null ? tenantId : `${tenantId}/${appId}`
}

function within(event: LiveEvent, { tenantId, appId }: Scope): boolean {
  return event.tenantId === tenantId && (appId === null || event.appId === appId)
}
