import { createHash, type Hash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { z } from 'zod'
import { migrations } from '../db/migrations.ts'

export const MANIFEST = 'manifest.json'
/** Of the folder's layout; another number is another layout. */
export const FORMAT = 1

const identifier = z.string().regex(/^[a-z_][a-z0-9_]*$/)

const part = z.object({
  file: z.string().regex(/^[a-z0-9_]+\.copy\.zst$/),
  table: identifier,
  columns: z.array(identifier).min(1),
  /** The first instant of its day, where the table has a partition a day. */
  dayMs: z.int().nonnegative().optional(),
  rows: z.int().nonnegative(),
  /** Of the rows' text: what it is compressed to differs from run to run. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const schema = z.object({
  format: z.literal(FORMAT),
  /** The version of Pombo that took it. */
  pombo: z.string(),
  postgres: z.string(),
  /** The database's clock at the moment that the backup shows. */
  takenAt: z.iso.datetime(),
  openDeliveries: z.int().nonnegative(),
  schemaVersion: z.int().positive(),
  migrations: z.array(z.object({ version: z.int(), hash: z.string() })),
  keyIds: z.array(z.string()),
  sequences: z.record(identifier, z.int().nonnegative()),
  parts: z.array(part),
})

export type Manifest = z.infer<typeof schema>
export type ManifestPart = z.infer<typeof part>

/** Reads a backup's manifest; throws an Error that says why the folder is no backup, or none for this Pombo. */
export async function readManifest(folder: string): Promise<Manifest> {
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined)
    throw new Error(
      `There is no folder ${folder}. --from takes the folder that "pombo backup" made.`,
    )
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new Error(
      `${folder} is no backup: it has no ${MANIFEST}. A backup that was broken off ends in ".partial"; take it again.`,
    )
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (cause) {
    throw new Error(`${join(folder, MANIFEST)} is damaged: it is not JSON.`, { cause })
  }
  if (typeof read === 'object' && read !== null && 'format' in read && read.format !== FORMAT)
    throw new Error(
      `${folder} is a backup of format ${String(read.format)}; this Pombo reads format ` +
        `${FORMAT}. Use the Pombo that took it.`,
    )
  const checked = schema.safeParse(read)
  if (!checked.success) {
    const { path, message } = checked.error.issues[0]!
    throw new Error(`${join(folder, MANIFEST)} is damaged: ${path.join('.') || 'it'}: ${message}.`)
  }
  refuseOtherLine(checked.data)
  return checked.data
}

/** The tables are made by this Pombo's migrations, so these must be the ones that the backup's tables came from. */
function refuseOtherLine({ pombo, schemaVersion, migrations: theirs }: Manifest): void {
  const known = new Map(migrations().map(({ version, hash }) => [version, hash]))
  const newest = Math.max(...known.keys())
  if (schemaVersion > newest)
    throw new Error(
      `The backup is of schema version ${schemaVersion} (Pombo ${pombo}); this Pombo knows ` +
        `${newest}. Restore with that Pombo or a later one.`,
    )
  const other = theirs.find(
    ({ version, hash }) => version <= schemaVersion && known.get(version) !== hash,
  )
  if (other)
    throw new Error(
      `The backup's migration ${other.version} is not this Pombo's: they are of two lines of ` +
        `development. Restore with Pombo ${pombo}.`,
    )
}

/** `hash` is of what went through `hashed`. */
export function hashing(): { hash: Hash; hashed: Transform } {
  const hash = createHash('sha256')
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  return { hash, hashed }
}
