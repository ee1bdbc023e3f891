/**
 * Backups of everything that Pombo keeps, and what is made of them again.
 *
 * A backup is a folder: one file a table (of the tables by day: one a day), each PostgreSQL's COPY text, compressed by
 * zstd, and a manifest with counts and checksums, written last. It is of one moment, taken beside running nodes, and
 * reads back into any PostgreSQL from 15 on. `pg_dump` would do as much, but is not where the embedded server is, and
 * knows nothing of deliveries that were open: what they became after the backup is not known, and sending them again
 * is for a person to decide (restore.ts).
 */
import { createWriteStream } from 'node:fs'
import { chmod, copyFile, open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import { errorCode, errorMessage } from '../core/thrown.ts'
import { makeFolders } from '../db/make-folders.ts'
import { migrations } from '../db/migrations.ts'
import { schemaState } from '../db/schema-state.ts'
import { FORMAT, MANIFEST, type Manifest, hashing, type ManifestPart } from './manifest.ts'
import { parts, type Part, payloadKeys, readPart, sequences, snapshotFacts } from './store.ts'
import { snapshot } from './transaction/store.ts'

export interface BackupOptions {
  /** Of the database. */
  url: string
  /** Made; must not exist. */
  folder: string
  /** The version of this Pombo. */
  version: string
  /** The ids of the encryption keys that secrets are sealed with, so that a restore can ask for them first. */
  keyIds: readonly string[]
  progress: (done: Progress) => void
  /** Copied in before the backup counts, where given: the file with the keys. */
  keysFile?: string | undefined
  signal?: AbortSignal | undefined
}

export interface Progress {
  part: string
  rows: number
  /** Of all that is to be copied, by the size of the tables; 0 to 1. */
  share: number
}

/** Takes a backup. The folder appears under its name when it is complete; until then it has `.partial` behind it. */
export async function takeBackup(options: BackupOptions): Promise<Manifest> {
  const { folder } = options
  const partial = `${folder}.partial`
  await rm(partial, { recursive: true, force: true })
  try {
    return await write(options, partial)
  } catch (cause) {
    // It is of no use to anyone, and would keep a full disk full.
    await rm(partial, { recursive: true, force: true }).catch(() => {})
    const full = ['ENOSPC', 'EDQUOT'].includes(errorCode(cause))
    throw new Error(
      `The backup into ${folder} was not completed: ${full ? 'the disk there is full: ' : ''}${errorMessage(cause)}. ` +
        `What was written of it is removed.${full ? ' Free some space, or name a folder on another disk.' : ''}`,
      { cause },
    )
  }
}

async function write(
  { url, folder, version, keyIds, progress, keysFile, signal }: BackupOptions,
  partial: string,
): Promise<Manifest> {
  await makeFolders(partial, 0o700)
  const manifest = await snapshot(url, signal, async (client): Promise<Manifest> => {
    const [facts, found] = [await snapshotFacts(client), await parts(client)]
    const written: ManifestPart[] = []
    const total = found.reduce((sum, { bytes }) => sum + bytes, 0)
    let done = 0
    for (const part of found) {
      written.push(await writePart(client, part, partial))
      done += part.bytes
      progress({
        part: part.name,
        rows: written.at(-1)!.rows,
        share: total === 0 ? 1 : done / total,
      })
    }
    return {
      format: FORMAT,
      pombo: version,
      postgres: facts.postgres,
      takenAt: facts.takenAt,
      openDeliveries: facts.openDeliveries,
      schemaVersion: (await schemaState(client)).version,
      migrations: migrations().map(({ version: number, hash }) => ({ version: number, hash })),
      keyIds: [...new Set([...keyIds, ...(await payloadKeys(client))])],
      sequences: await sequences(client),
      parts: written,
    }
  })
  if (keysFile !== undefined) {
    const copy = join(partial, basename(keysFile))
    await copyFile(keysFile, copy)
    await chmod(copy, 0o600)
    await sync(copy)
  }
  await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o600,
  })
  await sync(join(partial, MANIFEST))
  await sync(partial)
  await rename(partial, folder)
  return manifest
}

async function writePart(
  client: Parameters<typeof readPart>[0],
  part: Part,
  folder: string,
): Promise<ManifestPart> {
  const file = `${part.name}.copy.zst`
  const path = join(folder, file)
  const { hash, hashed } = hashing()
  const source = readPart(client, part)
  await pipeline(
    source,
    hashed,
    createZstdCompress(),
    createWriteStream(path, { flags: 'wx', mode: 0o600 }),
  )
  await sync(path)
  const { table, columns, dayMs } = part
  return { file, table, columns, dayMs, rows: source.rowCount, sha256: hash.digest('hex') }
}

/** A backup that a power cut takes back was none. */
async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.sync()
}
