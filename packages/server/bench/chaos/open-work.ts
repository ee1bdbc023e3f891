import type { QueryResultRow } from 'pg'

type Asks = { query<Row extends QueryResultRow>(text: string): Promise<Row[]> }

/** Where open deliveries are, for whoever looks for the reason. */
export async function openWork(world: Asks): Promise<string[]> {
  const rows = await world.query<{
    holder: string
    ordered: boolean
    count: number
    wait: number | null
  }>(
    `select case when lease_owner is null then 'nobody'
                 when exists (select from node where id = lease_owner and expires_at > now()) then 'a live node'
                 else 'a dead node' end as holder,
            ordering_key is not null as ordered, count(*)::int as count,
            extract(epoch from min(next_attempt_at) - now())::int as wait
       from work group by 1, 2 order by 1, 2`,
  )
  return rows.map(
    ({ holder, ordered, count, wait }) =>
      `open: ${count} ${ordered ? 'ordered' : 'plain'} in the hand of ${holder}, the first due ${wait} s from now`,
  )
}
