/** Whether Pombo answers. Kept apart from React, since every request tells. */
interface Connection {
  /** Since when it does not; undefined: it does. */
  lostAt: number | undefined
}

let connection: Connection = { lostAt: undefined }
const listeners = new Set<() => void>()

export function readConnection(): Connection {
  return connection
}

export function watchConnection(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function answered(): void {
  if (connection.lostAt !== undefined) change({ lostAt: undefined })
}

export function unanswered(): void {
  if (connection.lostAt === undefined) change({ lostAt: Date.now() })
}

function change(to: Connection): void {
  connection = to
  for (const listener of listeners) listener()
}
