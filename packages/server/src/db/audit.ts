import type pg from 'pg'
import { type Actor, currentActor } from '../core/acting.ts'
import { inTransaction, type Queryable } from './pool.ts'

/**
 * One transaction whose changes the audit log ascribes to whoever acts now (core/acting.ts). The log itself is written
 * by triggers (migrations/0005-compliance.sql), which read the actor from the transaction's `pombo.actor`.
 */
export async function inAuditedTransaction<T>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return await inTransaction(pool, async (client) => {
    await client.query(`select set_config('pombo.actor', $1, true)`, [actorText(currentActor())])
    return await run(client)
  })
}

function actorText({ keyId, onBehalfOf }: Actor): string {
  return JSON.stringify({ keyId, name: 'pombo', onBehalfOf })
}

/** Something that was done to data and is no change of a row: an export, an erasure. */
export interface AuditNote {
  tenantId: string
  action: string
  kind: string
  target: string
  details: object
}

export async function noteAudit(db: Queryable, note: AuditNote): Promise<string> {
  const { keyId = null, onBehalfOf = null } = currentActor()
  const { rows } = await db.query<{ id: string }>(
    /* sql */ `
      insert into audit_log (tenant_id, key_id, actor, on_behalf_of, action, kind, target, changes)
      values ($1, $2, coalesce((select name from api_key where id = $2), 'pombo'), $3, $4, $5, $6, $7)
      returning id`,
    [
      note.tenantId,
      keyId,
      onBehalfOf,
      note.action,
      note.kind,
      note.target,
      JSON.stringify(note.details),
    ],
  )
  return rows[0]!.id
}
