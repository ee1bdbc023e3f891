/** Part of a list, in the order of ids, which is the order of creation. */
export interface ListOptions {
  /** 1 or more. */
  limit: number
  /** The UUID of the last row of the page before. For the page *before* a row, turn the order around. */
  after?: { id: string } | undefined
  order: 'ascending' | 'descending'
}

export interface Page<T> {
  rows: T[]
  /** Whether there are more behind the last. */
  more: boolean
}

/** Of rows asked for with `limit + 1`. */
export function page<T>(found: T[], limit: number): Page<T> {
  return { rows: found.slice(0, limit), more: found.length > limit }
}
