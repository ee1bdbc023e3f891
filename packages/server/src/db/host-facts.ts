import type pg from 'pg'
import { errorCode } from '../core/thrown.ts'

/** What a server says of itself when it is chosen. */
export interface HostFacts {
  standby: boolean
  readOnly: boolean
  /** Of the log that a primary writes; a promotion begins a new one. null: a standby, or a service that hides it. */
  timeline: number | null
  /** The same on a primary and its standbys. null where it is hidden. */
  system: string | null
}

const short = /* sql */ `
  select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as "readOnly"`

export async function factsOf(client: pg.ClientBase): Promise<HostFacts> {
  try {
    const { rows } = await client.query<HostFacts>(/* sql */ `
      ${short},
             case when not pg_is_in_recovery()
                  then ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end as timeline,
             (select system_identifier::text from pg_control_system()) as system`)
    return rows[0]!
  } catch (error) {
    // Forbidden, missing or unsupported, as some managed services have it; or promoted between the two.
    if (!/^(42|0A|55)/.test(errorCode(error))) throw error
    const { rows } = await client.query<HostFacts>(
      `${short}, null::int as timeline, null as system`,
    )
    return rows[0]!
  }
}
