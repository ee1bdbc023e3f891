import { PomboError } from '../core/error.ts'
import { say } from '../core/sentences/sentences.ts'
import { inAuditedTransaction } from '../db/audit.ts'
import { type ChangeKind, noteChange } from '../db/changes.ts'
import type { Pool, Queryable } from '../db/pool.ts'

/** Notes, in the transaction, that what the nodes have cached under `key` is out of date: see db/changes.ts. */
export type Note = (kind: ChangeKind, key: string, endpointId?: string) => Promise<void>

/** Runs one audited transaction; when it is committed, this node acts on what was noted at once. */
export type Write = <T>(change: (db: Queryable, note: Note) => Promise<T>) => Promise<T>

/** By the unique index that refuses a second row. */
const conflicts: Record<string, string> = {
  app_uid: say('app_uid_taken'),
  poller_uid: say('poller_uid_taken'),
  endpoint_uid: say('endpoint_uid_taken'),
}

/** How all of the registry's changes are written. A uid that is taken is `conflict`. */
export function createWrite(pool: Pool, changed: (...change: Parameters<Note>) => void): Write {
  return async (change) => {
    const noted: Parameters<Note>[] = []
    const result = await inAuditedTransaction(
      pool,
      async (db) =>
        await change(db, async (...one) => {
          noted.push(one)
          await noteChange(db, ...one)
        }),
    ).catch((error: unknown) => {
      const detail = conflictOf(error)
      throw detail === undefined ? error : new PomboError('conflict', { detail }, { cause: error })
    })
    for (const one of noted) changed(...one)
    return result
  }
}

function conflictOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && 'constraint' in error)) return undefined
  return error.code === '23505' ? conflicts[String(error.constraint)] : undefined
}
