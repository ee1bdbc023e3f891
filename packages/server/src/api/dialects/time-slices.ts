import { lowestId, uuidFloor, uuidTimeMs } from '../../core/id.ts'

/** Where a scan stands: behind this row. */
export interface Position {
  /** A UUIDv7, whose time the scan goes by. */
  id: string
  /** Tells rows of one id apart. */
  tie: string
}

export interface Scan<Row> {
  /** Exclusive. */
  after?: Position | undefined
  /** Nothing from before is looked for. */
  sinceMs: number
  /** Exclusive. */
  untilMs: number
  /** Rows read at once. */
  batch: number
  /** Of the rows before `below` whose id is not less than `above`, the newest, newest first. */
  read: (below: Position, above: string, limit: number) => Promise<Row[]>
  positionOf: (row: Row) => Position
}

const firstWidthMs = 60_000

/**
 * Rows of many endpoints, newest first, in batches, without end until there is no more. The tables lead with the
 * endpoint, so that rows of several must be sorted: the scan goes through time in slices, made narrower where they
 * hold many rows and wider where they hold few, and so never sorts more than a few batches, however many there are.
 */
export async function* timeSlices<Row>(scan: Scan<Row>): AsyncGenerator<Row[]> {
  const { batch, read, positionOf } = scan
  const bottomMs = Math.max(0, scan.sinceMs)
  let topMs = scan.untilMs
  let below: Position = { id: uuidFloor(topMs), tie: lowestId }
  if (scan.after) {
    topMs = Math.min(topMs, uuidTimeMs(scan.after.id) + 1)
    if (scan.after.id < below.id) below = scan.after
  }
  let widthMs = firstWidthMs
  while (topMs > bottomMs) {
    const lowMs = Math.max(bottomMs, topMs - widthMs)
    let found = 0
    for (;;) {
      const rows = await read(below, uuidFloor(lowMs), batch)
      found += rows.length
      if (rows.length > 0) {
        below = positionOf(rows.at(-1)!)
        yield rows
      }
      if (rows.length < batch) break
      widthMs = Math.max(1, Math.ceil(widthMs / 2))
    }
    if (found < batch / 4) widthMs *= 4
    topMs = lowMs
    below = { id: uuidFloor(lowMs), tie: lowestId }
  }
}

/** One page of such a scan. */
export async function pageOf<Row>(
  scan: Omit<Scan<Row>, 'batch'>,
  limit: number,
  offset = 0,
): Promise<{ rows: Row[]; next: string | null }> {
  const kept: Row[] = []
  let skipped = 0
  for await (const rows of timeSlices({ ...scan, batch: Math.min(1_000, limit + 1) })) {
    const fresh = rows.slice(Math.max(0, offset - skipped))
    skipped += rows.length - fresh.length
    kept.push(...fresh)
    if (kept.length > limit) break
  }
  const rows = kept.slice(0, limit)
  return { rows, next: kept.length > limit ? encodeCursor(scan.positionOf(rows.at(-1)!)) : null }
}

function encodeCursor({ id, tie }: Position): string {
  return Buffer.from(`${id}${tie}`.replaceAll('-', ''), 'hex').toString('base64url')
}

/** Undefined for what is no position of a list. */
export function decodeCursor(text: string): Position | undefined {
  const hex = Buffer.from(text, 'base64url').toString('hex')
  if (hex.length !== 64) return undefined
  const [id, tie] = [uuidOf(hex.slice(0, 32)), uuidOf(hex.slice(32))]
  return { id, tie }
}

function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
