import type { Attempt, TakenMessage } from './event.ts'
import { bucketOf } from './histogram.ts'

/** What is counted of one endpoint, one event type, or all, in one span of time. */
export interface Cell {
  messages: number
  delivered: number
  exhausted: number
  discarded: number
  attempts: number
  failedAttempts: number
  /** Attempts by how long they took; as many buckets as the slowest needs, the others are empty. */
  took: number[]
  /** Delivered messages by how long they had been on their way. */
  onTheWay: number[]
}

/** A cell as it is added to the table. */
export interface TrafficRow extends Cell {
  tenantId: string
  appId: string
  grain: number
  endpointId: string
  eventType: string
  atMs: number
}

export const grains = { minute: 0, hour: 1, day: 2 } as const
const spansMs = [60_000, 3_600_000, 86_400_000]

export const none = '00000000-0000-0000-0000-000000000000'

/**
 * Event types of an app that are told apart in one minute; further ones count together. They are whatever a producer
 * writes, and each is a row.
 */
const TYPES = 200
export const otherTypes = '(other)'

interface App {
  tenantId: string
  byType: Map<string, Cell>
  byEndpoint: Map<string, Cell>
}

/** Counts in memory, of the minute that runs and of those before that were not taken yet. */
export class Cells {
  readonly #minutes = new Map<number, Map<string, App>>()
  #minute = -1
  #apps = new Map<string, App>()

  message({ tenantId, appId, eventType, discarded }: TakenMessage, nowMs: number): void {
    const cell = typeCell(this.#app(tenantId, appId, nowMs), eventType)
    cell.messages += 1
    cell.discarded += discarded
  }

  attempt(attempt: Attempt, nowMs: number): void {
    const app = this.#app(attempt.tenantId, attempt.appId, nowMs)
    add(typeCell(app, attempt.eventType), attempt)
    add(cellIn(app.byEndpoint, attempt.endpointId), attempt)
  }

  /** Hands over everything as rows of minutes, and begins anew. */
  take(): TrafficRow[] {
    const rows: TrafficRow[] = []
    for (const [minute, apps] of this.#minutes) {
      const tenants = new Map<string, Map<string, Cell>>()
      for (const [appId, { tenantId, byType, byEndpoint }] of apps) {
        const row = (endpointId: string, eventType: string, cell: Cell) =>
          rows.push({
            ...cell,
            tenantId,
            appId,
            grain: 0,
            endpointId,
            eventType,
            atMs: minute * 60_000,
          })
        const all = empty()
        const tenant = tenants.get(tenantId) ?? new Map<string, Cell>()
        tenants.set(tenantId, tenant)
        for (const [eventType, cell] of byType) {
          row(none, eventType, cell)
          addTo(all, cell)
          addTo(cellIn(tenant, eventType), cell)
        }
        row(none, '', all)
        for (const [endpointId, cell] of byEndpoint) row(endpointId, '', cell)
      }
      for (const [tenantId, byType] of tenants) {
        const all = empty()
        const of = { tenantId, appId: none, grain: 0, endpointId: none, atMs: minute * 60_000 }
        for (const [eventType, cell] of byType) {
          rows.push({ ...cell, ...of, eventType })
          addTo(all, cell)
        }
        rows.push({ ...all, ...of, eventType: '' })
      }
    }
    this.#minutes.clear()
    this.#minute = -1
    return rows
  }

  #app(tenantId: string, appId: string, nowMs: number): App {
    const minute = Math.floor(nowMs / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#apps = this.#minutes.get(minute) ?? new Map()
      this.#minutes.set(minute, this.#apps)
    }
    let app = this.#apps.get(appId)
    if (app === undefined) {
      app = { tenantId, byType: new Map(), byEndpoint: new Map() }
      this.#apps.set(appId, app)
    }
    return app
  }
}

/** Rows added up, one a key, in the order in which the keys came. What is given to it stays as it is. */
export class Sums {
  readonly #rows = new Map<string, TrafficRow>()

  get size(): number {
    return this.#rows.size
  }

  /** @param grain as which it counts; its own, or a coarser one */
  add(row: TrafficRow, grain = row.grain): void {
    const spanMs = spansMs[grain]!
    const atMs = Math.floor(row.atMs / spanMs) * spanMs
    const { tenantId, appId, endpointId, eventType } = row
    const of = appId === none ? tenantId : appId
    const key = `${grain}${endpointId === none ? '' : endpointId}/${of}/${atMs}/${eventType}`
    const known = this.#rows.get(key)
    if (known) addTo(known, row)
    else {
      const [took, onTheWay] = [[...row.took], [...row.onTheWay]]
      this.#rows.set(key, { ...row, grain, atMs, took, onTheWay })
    }
  }

  first(most: number): TrafficRow[] {
    return this.#rows.values().take(most).toArray()
  }

  /** Forgets the first so many. */
  drop(count: number): void {
    for (const key of this.#rows.keys().take(count)) this.#rows.delete(key)
  }
}

function empty(): Cell {
  return {
    messages: 0,
    delivered: 0,
    exhausted: 0,
    discarded: 0,
    attempts: 0,
    failedAttempts: 0,
    took: [],
    onTheWay: [],
  }
}

function cellIn(cells: Map<string, Cell>, key: string): Cell {
  let cell = cells.get(key)
  if (cell === undefined) {
    cell = empty()
    cells.set(key, cell)
  }
  return cell
}

function typeCell({ byType }: App, eventType: string): Cell {
  return cellIn(byType, byType.size < TYPES || byType.has(eventType) ? eventType : otherTypes)
}

function add(cell: Cell, attempt: Attempt): void {
  if (attempt.closed === 'delivered') cell.delivered += 1
  else if (attempt.closed === 'exhausted') cell.exhausted += 1
  else if (attempt.closed === 'discarded') cell.discarded += 1
  if (attempt.durationMs === null) return
  cell.attempts += 1
  if (attempt.failure !== null) cell.failedAttempts += 1
  countIn(cell.took, bucketOf(attempt.durationMs), 1)
  if (attempt.onTheWayMs !== null) countIn(cell.onTheWay, bucketOf(attempt.onTheWayMs), 1)
}

function addTo(cell: Cell, other: Cell): void {
  cell.messages += other.messages
  cell.delivered += other.delivered
  cell.exhausted += other.exhausted
  cell.discarded += other.discarded
  cell.attempts += other.attempts
  cell.failedAttempts += other.failedAttempts
  for (const [i, count] of other.took.entries()) countIn(cell.took, i, count)
  for (const [i, count] of other.onTheWay.entries()) countIn(cell.onTheWay, i, count)
}

function countIn(counts: number[], bucket: number, count: number): void {
  while (counts.length <= bucket) counts.push(0)
  counts[bucket]! += count
}
