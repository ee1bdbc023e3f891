import { uuidFloor, uuidTimeMs } from '../../core/id.ts'

/** Where a walk stands: behind this row. */
export interface Place {
  /** A UUIDv7, whose time the walk goes by. */
  id: string
  /** Tells rows of one id apart. */
  tie: string
}

export interface Walk<Row> {
  /** Exclusive. */
  after?: Place | undefined
  /** Nothing from before is looked for. */
  sinceMs: number
  /** Exclusive. */
  untilMs: number
  /** Rows read at once. */
  batch: number
  /** Of the rows before `below` whose id is not less than `above`, the newest, newest first. */
  read: (below: Place, above: string, limit: number) => Promise<Row[]>
  placeOf: (row: Row) => Place
}

const lowest = '00000000-0000-0000-0000-000000000000'
const firstWidthMs = 60_000

/**
 * Rows of many endpoints, newest first, in batches, without end until there is no more. The tables lead with the endpoint, so that rows of
 * several must be sorted: the walk goes through time in slices, made narrower where they hold many rows and wider where they
 * hold few, and so never sorts more than a few batches, however many there are.
 */
export async function* newestFirst<Row>(walk: Walk<Row>): AsyncGenerator<Row[]> {
  const { batch, read, placeOf } = walk
  const bottomMs = Math.max(0, walk.sinceMs)
  let topMs = walk.untilMs
  let below: Place = { id: uuidFloor(topMs), tie: lowest }
  if (walk.after) {
    topMs = Math.min(topMs, uuidTimeMs(walk.after.id) + 1)
    if (walk.after.id < below.id) below = walk.after
  }
  let widthMs = firstWidthMs
  while (topMs > bottomMs) {
    const lowMs = Math.max(bottomMs, topMs - widthMs)
    let found = 0
    for (;;) {
      const rows = await read(below, uuidFloor(lowMs), batch)
      found += rows.length
      if (rows.length > 0) {
        below = placeOf(rows.at(-1)!)
        yield rows
      }
      if (rows.length < batch) break
      widthMs = Math.max(1, Math.ceil(widthMs / 2))
    }
    if (found < batch / 4) widthMs *= 4
    topMs = lowMs
    below = { id: uuidFloor(lowMs), tie: lowest }
  }
}

/** One page of such a walk. */
export async function firstOf<Row>(
  walk: Omit<Walk<Row>, 'batch'>,
  limit: number,
  offset = 0,
): Promise<{ rows: Row[]; next: string | null }> {
  const kept: Row[] = []
  let skipped = 0
  for await (const rows of newestFirst({ ...walk, batch: Math.min(1_000, limit + 1) })) {
    const fresh = rows.slice(Math.max(0, offset - skipped))
    skipped += rows.length - fresh.length
    kept.push(...fresh)
    if (kept.length > limit) break
  }
  const rows = kept.slice(0, limit)
  return { rows, next: kept.length > limit ? showPlace(walk.placeOf(rows.at(-1)!)) : null }
}

function showPlace({ id, tie }: Place): string {
  return Buffer.from(`${id}${tie}`.replaceAll('-', ''), 'hex').toString('base64url')
}

/** Undefined for what is no place of a list. */
export function readPlace(text: string): Place | undefined {
  const hex = Buffer.from(text, 'base64url').toString('hex')
  if (hex.length !== 64) return undefined
  const [id, tie] = [uuidOf(hex.slice(0, 32)), uuidOf(hex.slice(32))]
  return { id, tie }
}

function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
