/** Finding a person's messages: by the hashes, or by reading all that a tenant has, once. */
import { PomboError } from '../../core/error.ts'
import { lowestId } from '../../core/id.ts'
import type { Partition } from '../../db/partitions.ts'
import type { Payloads } from '../../db/payload.ts'
import type { Queryable } from '../../db/pool.ts'
import { blocksOf } from '../../db/partitions.ts'
import { isOf, type Person } from './person.ts'
import { daysOf, indexedMessages, readHistory, type Sized, sizesIn } from './store.ts'
import type { MessageRow } from '../history/messages/store.ts'

export interface Found {
  rows: MessageRow[]
  /** Messages looked at for it. */
  read: number
  /** Of those, how many could not be opened: their key is missing. Whose they are, nobody can tell. */
  unreadable: number
  /** Where to go on behind it. */
  cursor: SearchCursor
}

/** `index`: behind this message. `scan`: behind this block of this day. */
export type SearchCursor =
  | { by: 'index'; after: string }
  | { by: 'scan'; day: string; block: number }

export interface SearchDeps {
  db: Queryable
  tenantId: string
  person: Person
  payloads: Pick<Payloads, 'open'>
}

const indexedAtATime = 500
const blocksAtATime = 200
/** What is in memory of payloads at a time. */
const bytesAtATime = 8 * 1024 * 1024

/** Ends when there is no more. Payloads come opened; those that cannot be are null. */
export async function* personsMessages(
  deps: SearchDeps,
  scan: boolean,
  from: SearchCursor | undefined,
): AsyncGenerator<Found> {
  if (!scan) return yield* byIndex(deps, from?.by === 'index' ? from.after : lowestId)
  const known = await knownIds(deps)
  let start = from?.by === 'scan' ? from : undefined
  for (const day of await daysOf(deps.db, 'message')) {
    if (start && day.name < start.day) continue
    const first = start?.day === day.name ? start.block : 0
    start = undefined
    yield* byReading(deps, day, first, known)
  }
}

async function* byIndex(
  { db, tenantId, person, payloads }: SearchDeps,
  from: string,
): AsyncGenerator<Found> {
  for (let after = from; ; ) {
    const ids = await indexedMessages(db, tenantId, person.hashes, after, indexedAtATime)
    const last = ids.at(-1)
    if (last === undefined) return
    for (const part of inParts(ids.map((one) => ({ ...one, bytes: bytesAtATime / 50 }))))
      yield {
        ...opened(await readHistory(db, tenantId, part), payloads),
        read: 0,
        cursor: { by: 'index', after: part.at(-1)!.id },
      }
    after = last.id
  }
}

/** A message whose payload has expired may be known to be the person's by its hash alone. */
async function knownIds({ db, tenantId, person }: SearchDeps): Promise<Set<string>> {
  const known = new Set<string>()
  for (let after = lowestId; ; ) {
    const ids = await indexedMessages(db, tenantId, person.hashes, after, 10_000)
    for (const { id } of ids) known.add(id)
    const last = ids.at(-1)
    if (last === undefined) return known
    after = last.id
  }
}

async function* byReading(
  { db, tenantId, person, payloads }: SearchDeps,
  day: Partition,
  first: number,
  known: ReadonlySet<string>,
): AsyncGenerator<Found> {
  const blocks = await blocksOf(db, day)
  for (let block = first; block < blocks; block += blocksAtATime) {
    const next = block + blocksAtATime
    const sized = await sizesIn(db, day, tenantId, block, next)
    const rows: MessageRow[] = []
    let unreadable = 0
    for (const part of inParts(sized)) {
      const found = opened(await readHistory(db, tenantId, part), payloads)
      unreadable += found.unreadable
      for (const row of found.rows)
        if (known.has(row.id) || isOf(row, row.payload, person)) rows.push(row)
    }
    yield {
      rows,
      read: sized.length,
      unreadable,
      cursor: { by: 'scan', day: day.name, block: next },
    }
  }
}

/** What is read at a time: a few MiB. */
function inParts(sized: readonly Sized[]): Sized[][] {
  const parts: Sized[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const one of sized) {
    if (bytes + one.bytes > bytesAtATime) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(one)
    bytes += one.bytes
  }
  return parts
}

function opened(
  stored: readonly MessageRow[],
  payloads: SearchDeps['payloads'],
): { rows: MessageRow[]; unreadable: number } {
  let unreadable = 0
  const rows = stored.map((row) => {
    try {
      return { ...row, payload: row.payload === null ? null : payloads.open(row.payload, row.id) }
    } catch (error) {
      if (!(error instanceof PomboError)) throw error
      unreadable += 1
      return { ...row, payload: null }
    }
  })
  return { rows, unreadable }
}
