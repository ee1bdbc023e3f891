/**
 * Reads a backup into an empty database, in one transaction: all of it, or nothing.
 *
 * What was open when the backup was taken may have been delivered since; nobody can know. It is closed as not sent,
 * with that reason, so that a person can look at it and send it again (`pombo replay --status discarded`); `sendOpen`
 * leaves it in the queue. What had been delivered by then is known, and is never sent again.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { errorMessage } from '../core/thrown.ts'
import { isNoSpace } from '../db/embedded/refusal.ts'
import { migrate } from '../db/migrate.ts'
import { partitionName, type Partitioned } from '../db/partitions.ts'
import type { Pool, Queryable } from '../db/pool.ts'
import { discardDeliveries } from '../record/discard/store.ts'
import type { Progress } from './backup.ts'
import { hashing, type Manifest, type ManifestPart } from './manifest.ts'
import { type Filled, noRoom } from './no-room.ts'
import {
  cancelJobs,
  endpointsWithWork,
  filledTables,
  hasSchema,
  liveNodeNames,
  makeDays,
  releaseAll,
  setSequences,
  unaudited,
  writePart,
} from './store.ts'
import { type Loaded, loading, type Patience } from './transaction/store.ts'
import { say } from '../core/sentences/sentences.ts'

export interface RestoreOptions extends Filled, Patience {
  url: string
  pool: Pool
  folder: string
  manifest: Manifest
  /** Deliveries that were open are sent, at the risk of a second time. */
  sendOpen: boolean
  progress: (done: Progress) => void
}

export interface Restored {
  rows: number
  /** Open when the backup was taken. */
  open: number
  canceledJobs: number
}

export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const loaded = await load(options).catch((cause: unknown) => {
    throw isNoSpace(cause) ? noRoom(options, 'Nothing was restored', cause) : cause
  })
  if (loaded.outcome !== 'committed') throw uncommitted(loaded, options)
  await migrate(options.pool).catch((cause: unknown) => {
    throw new Error(
      `Everything was restored into ${options.where}, as the release of the backup had it, but its tables could not ` +
        `be brought up to date: ${errorMessage(cause)}. Mend that, and start Pombo, which does it.`,
      { cause },
    )
  })
  return loaded.result
}

async function load(options: RestoreOptions): Promise<Loaded<Restored>> {
  const { url, pool, manifest } = options
  await emptySchema(pool, manifest.schemaVersion)
  return await loading(url, options, async (client): Promise<Restored> => {
    await refuseInUse(client)
    await makeDays(
      client,
      manifest.parts.flatMap(({ dayMs }) => dayMs ?? []),
    )
    let rows = 0
    await unaudited(client, async () => {
      rows = await loadParts(client, options)
    })
    await setSequences(client, manifest.sequences)
    await releaseAll(client)
    if (options.sendOpen) return { rows, open: manifest.openDeliveries, canceledJobs: 0 }
    const since = `whether it was delivered after the backup of ${manifest.takenAt} is not known`
    let open = 0
    const endpointIds = await endpointsWithWork(client)
    for (;;) {
      const closed = await discardDeliveries(
        client,
        { endpointIds },
        say('not_sent_restored', { since }),
      )
      if (closed === 0) break
      open += closed
    }
    return { rows, open, canceledJobs: await cancelJobs(client, `ended by a restore: ${since}`) }
  })
}

function uncommitted(
  { outcome, cause }: Exclude<Loaded<Restored>, { outcome: 'committed' }>,
  filled: Filled,
): Error {
  if (outcome === 'rolled-back' && isNoSpace(cause))
    return noRoom(filled, 'Nothing was restored', cause)
  const detail = errorMessage(cause)
  const text =
    outcome === 'unknown'
      ? `The database broke off while the restore was committed (${detail}), and whether it was could not be asked ` +
        'since: either everything is there, or nothing. Run this again when the database answers: where it is ' +
        'refused as not empty, everything is there.'
      : `The restore could not be committed: ${detail}. Nothing was restored.`
  return new Error(text, { cause })
}

const elsewhere =
  'Nothing was changed. Restore into a database of its own: another DATABASE_URL, or another POMBO_DATA_DIR.'

/** The tables of that version, and nothing in them; or an Error. */
export async function emptySchema(pool: Pool, version: number): Promise<void> {
  // Before its tables are brought to that version, if somebody's they are.
  if (await hasSchema(pool)) await refuseInUse(pool)
  const found = await migrate(pool, { upTo: version })
  if (found.to > version)
    throw new Error(
      `The database has tables of schema version ${found.to}, the backup is of ${version}. ${elsewhere}`,
    )
}

/** Asked again in the transaction that fills it: a Pombo, or another restore, may have come first. */
export async function refuseInUse(db: Queryable): Promise<void> {
  const nodes = await liveNodeNames(db)
  if (nodes.length > 0)
    throw new Error(`A Pombo is running on the database (${nodes.join(', ')}). ${elsewhere}`)
  const filled = await filledTables(db)
  if (filled.length > 0)
    throw new Error(
      `The database is not empty: there are rows in ${filled.slice(0, 8).join(', ')}` +
        `${filled.length > 8 ? ', …' : ''}. ${elsewhere}`,
    )
}

async function loadParts(
  client: Parameters<typeof writePart>[0],
  { folder, manifest, progress, signal }: RestoreOptions,
): Promise<number> {
  const total = manifest.parts.reduce((sum, part) => sum + part.rows, 0)
  let rows = 0
  for (const part of manifest.parts) {
    await loadPart(client, part, join(folder, part.file), signal)
    rows += part.rows
    progress({
      part: part.file.replace('.copy.zst', ''),
      rows: part.rows,
      share: total === 0 ? 1 : rows / total,
    })
  }
  return rows
}

async function loadPart(
  client: Parameters<typeof writePart>[0],
  { table, dayMs, columns, rows, sha256 }: ManifestPart,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = dayMs === undefined ? table : partitionName(table as Partitioned, dayMs)
  const { hash, hashed } = hashing()
  const target = writePart(client, name, columns)
  try {
    await pipeline(createReadStream(path), createZstdDecompress(), hashed, target)
  } catch (cause) {
    signal?.throwIfAborted()
    if (isNoSpace(cause)) throw cause
    if (!(await isWhole(path, sha256))) throw damaged(path, cause)
    throw new Error(
      `${path} could not be read into ${name}: ${errorMessage(cause)}. Nothing was restored.`,
      { cause },
    )
  }
  if (hash.digest('hex') !== sha256 || target.rowCount !== rows) throw damaged(path)
}

/** Whether what could not be loaded is what the backup wrote, so that it is the database that would not have it. */
async function isWhole(path: string, sha256: string): Promise<boolean> {
  const hash = createHash('sha256')
  return await pipeline(createReadStream(path), createZstdDecompress(), hash).then(
    () => hash.digest('hex') === sha256,
    () => false,
  )
}

const damaged = (path: string, cause?: unknown): Error =>
  new Error(
    `${path} is not as the backup wrote it: it is missing, cut short or changed. Nothing was restored. Restore from ` +
      'another copy of this backup, or from another backup.',
    { cause },
  )
