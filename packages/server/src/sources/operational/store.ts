import type { Queryable } from '../../db/pool.ts'

export interface NoteRow {
  id: string
  tenant_id: string
  type: string
  data: Record<string, unknown>
  created_at: Date
}

/** Notes that became no message yet, oldest first. */
export async function pending(db: Queryable, limit: number): Promise<NoteRow[]> {
  const { rows } = await db.query<NoteRow>(
    'select id, tenant_id, type, data, created_at from signal order by id limit $1',
    [limit],
  )
  return rows
}

export async function operationalApps(
  db: Queryable,
  tenantIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await db.query<{ id: string; tenant_id: string }>(
    `select id, tenant_id from app where kind = 'operational' and tenant_id = any($1::uuid[])`,
    [tenantIds],
  )
  return new Map(rows.map((row) => [row.tenant_id, row.id]))
}

export async function forget(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query('delete from signal where id = any($1::uuid[])', [ids])
}
