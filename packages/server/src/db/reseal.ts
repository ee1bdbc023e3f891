import { lowestId } from '../core/id.ts'
import { errorMessage } from '../core/thrown.ts'
import { blocksOf, listPartitions } from './partitions.ts'
import { createFiles } from './files.ts'
import { createPayloads, type Payloads } from './payload.ts'
import type { Pool } from './pool.ts'
import type { Seal } from './seal.ts'

/** Where sealed values are, and how their context begins. A table that comes later joins by a line here. */
export const sealedColumns = [
  { table: 'endpoint_secret', column: 'sealed', purpose: 'endpoint_secret' },
  { table: 'endpoint', column: 'headers_sealed', purpose: 'endpoint_headers' },
  { table: 'endpoint', column: 'auth_sealed', purpose: 'endpoint_auth' },
  { table: 'endpoint', column: 'tls_sealed', purpose: 'endpoint_tls' },
  { table: 'endpoint', column: 'destination_sealed', purpose: 'endpoint_destination' },
  { table: 'tenant', column: 'default_headers_sealed', purpose: 'tenant_default_headers' },
  { table: 'source', column: 'secret_sealed', purpose: 'source_secret' },
  { table: 'source', column: 'broker_sealed', purpose: 'source_broker' },
  { table: 'integration', column: 'key_sealed', purpose: 'integration_key' },
  { table: 'device', column: 'gateway_sealed', purpose: 'device_gateway' },
] as const

export type SealPurpose = (typeof sealedColumns)[number]['purpose']

/** The context of a sealed column's value in a row. */
export function sealContext(purpose: SealPurpose, id: string): string {
  return `${purpose}/${id}`
}

export interface ResealResult {
  resealed: number
  /** Values under a key that is not in the ring, or altered: left as they are. Of the first ones the reason. */
  unreadable: string[]
  /** How many there are of those. */
  unreadableCount: number
}

const reasonsKept = 20

function left(result: ResealResult, error: unknown): void {
  result.unreadableCount += 1
  if (result.unreadable.length < reasonsKept) result.unreadable.push(errorMessage(error))
}

/**
 * Seals anew, under the newest key, whatever an older one sealed; what cannot be made anew, such as keyed hashes and
 * links, needs the older keys until it is gone (longestRetentionDays). Works beside running nodes: a value that was
 * written in the meantime is left alone. Whatever is done stays done: a run that was stopped is simply started again.
 * `signal` stops between batches.
 */
export async function resealAll(
  pool: Pool,
  seal: Seal,
  options: { batch?: number; signal?: AbortSignal } = {},
): Promise<ResealResult> {
  const result: ResealResult = { resealed: 0, unreadable: [], unreadableCount: 0 }
  for (const { table, column, purpose } of sealedColumns) {
    let after = lowestId
    while (!options.signal?.aborted) {
      const { rows } = await pool.query<{ id: string; sealed: Buffer }>(
        /* sql */ `
          select id, ${column} as sealed
            from ${table}
           where id > $1 and ${column} is not null and substring(${column} from 2 for 4) <> $2
           order by id
           limit $3`,
        [after, seal.keyId, options.batch ?? 200],
      )
      const last = rows.at(-1)
      if (last === undefined) break
      after = last.id
      const ids: string[] = []
      const old: Buffer[] = []
      const anew: Buffer[] = []
      for (const row of rows) {
        const context = sealContext(purpose, row.id)
        try {
          anew.push(seal.seal(seal.open(row.sealed, context), context))
          ids.push(row.id)
          old.push(row.sealed)
        } catch (error) {
          left(result, error)
        }
      }
      const { rowCount } = await pool.query(
        /* sql */ `
          update ${table} t set ${column} = v.anew
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as v (id, old, anew)
           where t.id = v.id and t.${column} = v.old`,
        [ids, old, anew],
      )
      result.resealed += rowCount ?? 0
    }
  }
  return result
}

const blocksAtATime = 500

/** The same for payloads, which are in partitions, and dropped with them: block by block, each read once. */
export async function resealPayloads(
  pool: Pool,
  seal: Seal,
  options: { signal?: AbortSignal } = {},
): Promise<ResealResult> {
  const result: ResealResult = { resealed: 0, unreadable: [], unreadableCount: 0 }
  const payloads = createPayloads(seal)
  const isNewest = `sealed:${seal.keyId.toString('hex')}:%`
  for (const partition of await listPartitions(pool)) {
    const { table, name, state } = partition
    if (table !== 'message' || state !== 'attached') continue
    const blocks = await blocksOf(pool, partition)
    for (let block = 0; block < blocks && !options.signal?.aborted; block += blocksAtATime) {
      const { rows } = await pool.query<{ app_id: string; id: string }>(
        /* sql */ `
          select app_id, id
            from ${name}
           where ctid >= $1::tid and ctid < $2::tid
             and payload like 'sealed:%' and payload not like 'sealed:plain:%' and payload not like $3`,
        [`(${block},0)`, `(${block + blocksAtATime},0)`, isNewest],
      )
      for (const row of rows) await resealPayload(pool, name, row, payloads, result)
    }
  }
  return result
}

/** The same for files that were taken out of payloads: file by file, of 16 MiB at most. */
export async function resealFiles(
  pool: Pool,
  seal: Seal,
  options: { signal?: AbortSignal } = {},
): Promise<ResealResult> {
  const result: ResealResult = { resealed: 0, unreadable: [], unreadableCount: 0 }
  const files = createFiles(seal)
  let after = lowestId
  while (!options.signal?.aborted) {
    const { rows } = await pool.query<{ id: string; bytes: Buffer; key: Buffer }>(
      'select id, bytes, seal_key as key from media where id > $1 and seal_key <> $2 order by id limit 1',
      [after, seal.keyId],
    )
    const [file] = rows
    if (file === undefined) break
    after = file.id
    try {
      const anew = files.seal(files.open(file.bytes, file.id), file.id)
      const { rowCount } = await pool.query(
        'update media set bytes = $2, seal_key = $3 where id = $1 and seal_key = $4',
        [file.id, anew, seal.keyId, file.key],
      )
      result.resealed += rowCount ?? 0
    } catch (error) {
      left(result, error)
    }
  }
  return result
}

async function resealPayload(
  pool: Pool,
  partition: string,
  { app_id, id }: { app_id: string; id: string },
  payloads: Payloads,
  result: ResealResult,
): Promise<void> {
  const { rows } = await pool.query<{ payload: string | null }>(
    `select payload from ${partition} where app_id = $1 and id = $2`,
    [app_id, id],
  )
  const old = rows[0]?.payload
  if (old == null) return
  try {
    const anew = payloads.seal(payloads.open(old, id), id)
    // Not where it was deleted meanwhile.
    const { rowCount } = await pool.query(
      `update ${partition} set payload = $3 where app_id = $1 and id = $2 and payload = $4`,
      [app_id, id, anew, old],
    )
    result.resealed += rowCount ?? 0
  } catch (error) {
    left(result, error)
  }
}

/** For how many days something that is made today is kept at most. */
export async function longestRetentionDays(pool: Pool, defaultDays: number): Promise<number> {
  const { rows } = await pool.query<{ days: number }>(
    'select greatest($1::int, max(retention_days)) as days from tenant',
    [defaultDays],
  )
  return rows[0]!.days
}
