import type { Note } from '../../../dialects/contract/ports.ts'
import type { Queryable } from '../../../db/pool.ts'

interface NoteRow {
  key: string
  value: Record<string, unknown>
  created_at: Date
  updated_at: Date
}

const columns = 'key, value, created_at, updated_at'

/** One row of the primary key, as are the two that follow; a list is the dialect's range of it. */
export async function getNote(
  db: Queryable,
  tenantId: string,
  dialect: string,
  key: string,
): Promise<Note | undefined> {
  const { rows } = await db.query<NoteRow>(
    /* sql */ `
      select ${columns}
        from dialect_note
       where tenant_id = $1
         and dialect = $2
         and key = $3`,
    [tenantId, dialect, key],
  )
  return rows[0] && noteOf(rows[0])
}

export async function putNote(
  db: Queryable,
  tenantId: string,
  dialect: string,
  key: string,
  value: object,
): Promise<void> {
  await db.query(
    /* sql */ `
      insert into dialect_note (tenant_id, dialect, key, value)
      values ($1, $2, $3, $4)
          on conflict (tenant_id, dialect, key) do update
         set value = excluded.value, updated_at = now()`,
    [tenantId, dialect, key, JSON.stringify(value)],
  )
}

export async function deleteNote(
  db: Queryable,
  tenantId: string,
  dialect: string,
  key: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'delete from dialect_note where tenant_id = $1 and dialect = $2 and key = $3',
    [tenantId, dialect, key],
  )
  return rowCount === 1
}

export async function listNotes(
  db: Queryable,
  tenantId: string,
  dialect: string,
  keyPrefix: string,
): Promise<Note[]> {
  const { rows } = await db.query<NoteRow>(
    /* sql */ `
      select ${columns}
        from dialect_note
       where tenant_id = $1
         and dialect = $2
         and starts_with(key, $3)
       order by key`,
    [tenantId, dialect, keyPrefix],
  )
  return rows.map(noteOf)
}

function noteOf({ key, value, created_at, updated_at }: NoteRow): Note {
  return { key, value, createdAtMs: created_at.getTime(), updatedAtMs: updated_at.getTime() }
}
