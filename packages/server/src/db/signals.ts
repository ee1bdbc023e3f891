import type { OperationalType } from '../core/operational-types.ts'
import { uuidv7 } from '../core/id.ts'
import type { Queryable } from './pool.ts'

/** An operational event about the tenant's own webhooks. */
export interface Signal {
  tenantId: string
  type: OperationalType
  data: Record<string, unknown>
}

/** Notes operational events in the transaction that causes them; they become messages soon after, exactly once. */
export async function noteSignals(
  db: Queryable,
  signals: readonly Signal[],
  nowMs: number,
): Promise<void> {
  if (signals.length === 0) return
  await db.query(
    /* sql */ `
      insert into signal (id, tenant_id, type, data)
      select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[])`,
    [
      signals.map(() => uuidv7(nowMs)),
      signals.map((signal) => signal.tenantId),
      signals.map((signal) => signal.type),
      signals.map((signal) => JSON.stringify(signal.data)),
    ],
  )
}
