import { pipeline } from 'node:stream/promises'
import { migrate } from '../db/migrate.ts'
import { schemaVersion } from '../db/migrations.ts'
import type { Pool } from '../db/pool.ts'
import type { Progress } from './backup.ts'
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
import { loading, snapshot } from './transaction/store.ts'

export interface MoveOptions {
  from: { url: string; pool: Pool }
  to: { url: string; pool: Pool }
  /** Called when all is copied, before it is committed: what it throws ends the move with nothing changed. */
  beforeCommit: () => Promise<void>
  progress: (done: Progress) => void
  signal?: AbortSignal | undefined
}

/**
 * Copies everything from one database to an empty other one, work queued included, in one transaction of the other.
 * Nothing may run on the first, so that nothing comes in or goes out behind the copy. @returns the rows copied
 */
export async function moveDatabase({
  from,
  to,
  beforeCommit,
  progress,
  signal,
}: MoveOptions): Promise<number> {
  const nodes = await liveNodeNames(from.pool)
  if (nodes.length > 0)
    throw new Error(
      `A Pombo is running on the database (${nodes.join(', ')}). Stop it first; ` +
        'one that was killed counts as running for some seconds more.',
    )
  await migrate(from.pool)
  await emptySchema(to.pool, schemaVersion())
  return await snapshot(
    from.url,
    signal,
    async (source) =>
      await loading(to.url, signal, async (target) => {
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
      }),
  )
}
