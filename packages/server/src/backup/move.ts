import { pipeline } from 'node:stream/promises'
import { errorMessage } from '../core/thrown.ts'
import { isNoSpace } from '../db/embedded/refusal.ts'
import { migrate } from '../db/migrate.ts'
import { schemaVersion } from '../db/migrations.ts'
import type { Pool } from '../db/pool.ts'
import type { Progress } from './backup.ts'
import { type Filled, noRoom } from './no-room.ts'
import { emptySchema, refuseInUse } from './restore.ts'
import {
  liveNodeNames,
  makeDays,
  parts,
  readPart,
  releaseAll,
  sequences,
  setSequences,
  unaudited,
  writePart,
} from './store.ts'
import { type Loaded, loading, type Patience, snapshot } from './transaction/store.ts'

export interface MoveOptions {
  from: { url: string; pool: Pool }
  to: { url: string; pool: Pool } & Filled
  /** Called when all is copied, before it is committed: what it throws ends the move with nothing changed. */
  beforeCommit: () => Promise<void>
  progress: (done: Progress) => void
  patience: Patience
}

/** `unknown`: all of it is in the other database, or nothing. */
export type Moved = { outcome: 'moved'; rows: number } | { outcome: 'unknown'; cause: unknown }

/**
 * Copies everything from one database to an empty other one, work queued included, in one transaction of the other.
 * Nothing may run on the first, so that nothing comes in or goes out behind the copy. Throws where nothing was moved.
 */
export async function moveDatabase({
  from,
  to,
  beforeCommit,
  progress,
  patience,
}: MoveOptions): Promise<Moved> {
  const nodes = await liveNodeNames(from.pool)
  if (nodes.length > 0)
    throw new Error(
      `A Pombo is running on the database (${nodes.join(', ')}). Stop it first; ` +
        'one that was killed counts as running for some seconds more.',
    )
  await migrate(from.pool)
  await emptySchema(to.pool, schemaVersion())
  let loaded: Loaded<number> | undefined
  const read = snapshot(from.url, patience.signal, async (source) => {
    loaded = await loading(to.url, patience, async (target) => {
      await refuseInUse(target)
      const found = await parts(source)
      await makeDays(
        target,
        found.flatMap(({ dayMs }) => dayMs ?? []),
      )
      const total = found.reduce((sum, { bytes }) => sum + bytes, 0)
      let [rows, done] = [0, 0]
      await unaudited(target, async () => {
        for (const part of found) {
          const written = writePart(target, part.name, part.columns)
          await pipeline(readPart(source, part), written)
          rows += written.rowCount
          done += part.bytes
          progress({
            part: part.name,
            rows: written.rowCount,
            share: total === 0 ? 1 : done / total,
          })
        }
      })
      await setSequences(target, await sequences(source))
      await releaseAll(target)
      await beforeCommit()
      return rows
    })
  })
  // What breaks the source behind the other's commit takes nothing back.
  await read.catch((cause: unknown) => {
    if (loaded !== undefined) return
    throw isNoSpace(cause) ? noRoom(to, 'Nothing was moved', cause) : cause
  })
  return movedBy(loaded!, to)
}

function movedBy(loaded: Loaded<number>, to: Filled): Moved {
  if (loaded.outcome === 'committed') return { outcome: 'moved', rows: loaded.result }
  const { outcome, cause } = loaded
  if (outcome === 'unknown') return { outcome, cause }
  if (isNoSpace(cause)) throw noRoom(to, 'Nothing was moved', cause)
  throw new Error(
    `The move could not be committed: ${errorMessage(cause)}. Nothing was moved; when what hindered it is mended, ` +
      'run this again.',
    { cause },
  )
}
