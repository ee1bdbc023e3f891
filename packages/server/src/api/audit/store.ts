import type { Queryable } from '../../db/pool.ts'
import { type Cursor, keysetRange } from '../pagination.ts'

export interface AuditRow {
  id: string
  at: Date
  key_id: string | null
  actor: string
  on_behalf_of: string | null
  action: string
  kind: string
  target: string
  app_id: string | null
  changes: Record<string, unknown>
}

export interface AuditFilter {
  tenantId: string
  kind: string | undefined
  action: string | undefined
  target: string | undefined
  keyId: string | undefined
  appId: string | undefined
  /** Ids, both exclusive. */
  below: string
  above: string
}

export async function listAudit(
  db: Queryable,
  filter: AuditFilter,
  cursor: Cursor,
): Promise<AuditRow[]> {
  const { compare, direction, at, limit } = keysetRange(cursor)
  // `audit_log_list` in order from there, or `audit_log_target` where a target is asked for.
  const { rows } = await db.query<AuditRow>(
    /* sql */ `
      select id, at, key_id, actor, on_behalf_of, action, kind, target, app_id, changes
        from audit_log
       where tenant_id = $1
         and id ${compare} $2
         and id < $3
         and id > $4
         and ($5::text is null or kind = $5)
         and ($6::text is null or action = $6)
         and ($7::text is null or target = $7)
         and ($8::uuid is null or key_id = $8)
         and ($9::uuid is null or app_id = $9)
       order by id ${direction}
       limit $10`,
    [
      filter.tenantId,
      at,
      filter.below,
      filter.above,
      filter.kind ?? null,
      filter.action ?? null,
      filter.target ?? null,
      filter.keyId ?? null,
      filter.appId ?? null,
      limit,
    ],
  )
  return rows
}
