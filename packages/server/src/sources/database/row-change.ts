/** A change of a row of PostgreSQL as a payload, in the shape that Supabase's database webhooks gave it. */

export const rowOperations = ['INSERT', 'UPDATE', 'DELETE'] as const
export type RowOperation = (typeof rowOperations)[number]

export interface RowChange {
  type: RowOperation
  table: string
  schema: string
  /** JSON texts, so that every digit stays; null where there is none. */
  record: string | null
  oldRecord: string | null
}

export function rowChangePayload({ type, table, schema, record, oldRecord }: RowChange): string {
  const head = JSON.stringify({ type, table, schema })
  return `${head.slice(0, -1)},"record":${record ?? 'null'},"old_record":${oldRecord ?? 'null'}}`
}
