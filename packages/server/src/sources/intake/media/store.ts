import { createHash } from 'node:crypto'
import { type Files, partBytes, sealedPart } from '../../../db/files.ts'
import type { Queryable } from '../../../db/pool.ts'

export interface StoredFile {
  /** Uuid. */
  id: string
  sha256: string
  sizeBytes: number
  mimetype: string
  expiresAtMs: number
}

/** As long as the tenant ($1) keeps messages, or $4 days. */
const endOfKeeping = /* sql */ `
  now() + coalesce((select retention_days from tenant where id = $1), $4) * interval '1 day'`

/**
 * Stores a file, or finds the one with the same content and prolongs it. It is kept as long as the tenant's messages
 * are, and sealed where they are.
 * @param id the uuid it gets where it is new
 */
export async function keepFile(
  db: Queryable,
  files: Files,
  file: { id: string; tenantId: string; bytes: Buffer; mimetype: string; defaultDays: number },
): Promise<StoredFile> {
  const sha256 = createHash('sha256').update(file.bytes).digest()
  const { rows: tenants } = await db.query<{ sealed: boolean }>({
    name: 'media-sealed',
    text: 'select encrypt_payloads as sealed from tenant where id = $1',
    values: [file.tenantId],
  })
  const sealed = tenants[0]?.sealed === true
  const digest = sealed ? files.digest(file.bytes, file.tenantId) : sha256
  const values = [file.tenantId, digest, file.mimetype, file.defaultDays]
  // Looked for first: a file that goes round a thousand groups is sent to the database once.
  const found = await db.query<{ id: string; expires_at: Date }>({
    name: 'media-find',
    text: `update media
              set expires_at = greatest(expires_at, ${endOfKeeping})
            where tenant_id = $1
              and sha256 = $2
              and mimetype = $3
           returning id, expires_at`,
    values,
  })
  const { rows } = found.rows[0]
    ? found
    : await db.query<{ id: string; expires_at: Date }>({
        name: 'media-keep',
        text: `insert into media (id, tenant_id, sha256, mimetype, size_bytes, bytes, seal_key, expires_at)
               values ($5, $1, $2, $3, $7, $6::bytea, $8, ${endOfKeeping})
               on conflict (tenant_id, sha256, mimetype) do update
                  set expires_at = greatest(media.expires_at, excluded.expires_at)
               returning id, expires_at`,
        values: [
          ...values,
          file.id,
          sealed ? files.seal(file.bytes, file.id) : file.bytes,
          file.bytes.length,
          sealed ? files.keyId : null,
        ],
      })
  const row = rows[0]!
  return {
    id: row.id,
    sha256: sha256.toString('hex'),
    sizeBytes: file.bytes.length,
    mimetype: file.mimetype,
    expiresAtMs: row.expires_at.getTime(),
  }
}

export interface FileHead {
  mimetype: string
  sizeBytes: number
  /** The same for the same content. */
  digest: string
  sealed: boolean
}

export async function findFile(db: Queryable, id: string): Promise<FileHead | undefined> {
  const { rows } = await db.query<FileHead>(
    `select mimetype, size_bytes as "sizeBytes", encode(sha256, 'hex') as digest, seal_key is not null as sealed
       from media
      where id = $1`,
    [id],
  )
  return rows[0]
}

/**
 * The file part by part, each read when the one before has been taken. Ends early, which the length then shows, if it
 * expires meanwhile.
 */
export async function* readFile(
  db: Queryable,
  files: Files,
  id: string,
  { sizeBytes, sealed }: FileHead,
): AsyncGenerator<Buffer> {
  for (let part = 0; part * partBytes < sizeBytes; part++) {
    const { from, length } = sealed
      ? sealedPart(part)
      : { from: part * partBytes, length: partBytes }
    const { rows } = await db.query<{ part: Buffer }>({
      name: 'media-part',
      text: 'select substring(bytes from $2 for $3) as part from media where id = $1',
      values: [id, from + 1, length],
    })
    if (!rows[0]) throw new Error('the file was deleted while it was read')
    yield sealed ? files.openPart(rows[0].part, id, part) : rows[0].part
  }
}

/** @returns how many were deleted */
export async function forgetFiles(db: Queryable): Promise<number> {
  let deleted = 0
  for (;;) {
    const { rowCount } = await db.query(
      'delete from media where id in (select id from media where expires_at < now() order by expires_at limit 500)',
    )
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < 500) return deleted
  }
}
