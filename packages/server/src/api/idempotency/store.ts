import type { Pool } from '../../db/pool.ts'
import type { Seal } from '../../db/seal.ts'
import type { Claim, ClaimResult, IdempotencyStore } from './idempotency.ts'

/**
 * Answers are sealed, since those to some POSTs hold new keys and tokens.
 * @param nodeIds under which this process ever had a lease, newest first
 */
export function idempotencyStore(
  db: Pool,
  seal: Seal,
  nodeIds: () => readonly string[],
): IdempotencyStore {
  // Callers whose tokens reach different apps do not meet, even if they count their requests from 1.
  const storedKey = ({ appId, key }: Claim) => (appId === null ? key : `${appId}/${key}`)
  const context = (claim: Claim) => `idempotency/${claim.tenantId}/${storedKey(claim)}`
  return {
    async claim(claim, requestId, replaces, unsure): Promise<ClaimResult> {
      const { tenantId, hash } = claim
      const key = storedKey(claim)
      // Twice at most: the row that stood in the way may be gone when it is read.
      for (let turn = 0; ; turn++) {
        // None before the first lease.
        const own = nodeIds().filter((id) => id !== '')
        const client = await db.connect()
        unsure()
        const mine = await client
          .query(claimSql, [tenantId, key, hash, own[0] ?? null, requestId, own, replaces])
          .finally(() => client.release())
        if (mine.rowCount === 1) return { state: 'mine' }
        const { rows } = await db.query<{
          request_hash: Buffer
          status: number | null
          response: string | null
          node_id: string | null
          request_id: string | null
        }>(
          `select request_hash, status, response, node_id, request_id
             from idempotency
            where tenant_id = $1 and key = $2`,
          [tenantId, key],
        )
        const [row] = rows
        if (row === undefined && turn === 0) continue
        if (row === undefined) return { state: 'running', requestId: null, own: false }
        if (!row.request_hash.equals(hash)) return { state: 'other-request' }
        if (row.status === null) {
          const isOwn = row.node_id !== null && own.includes(row.node_id)
          return { state: 'running', requestId: row.request_id, own: isOwn }
        }
        if (row.response === null) return { state: 'done', answer: { status: row.status } }
        return {
          state: 'done',
          answer: {
            status: row.status,
            text: seal.open(Buffer.from(row.response, 'base64'), context(claim)),
          },
        }
      }
    },

    async settle(claim, requestId, answer) {
      await db.query(
        `update idempotency set status = $4, response = $5
          where tenant_id = $1 and key = $2 and status is null and request_id = $3`,
        [
          claim.tenantId,
          storedKey(claim),
          requestId,
          answer.status,
          answer.text === undefined
            ? null
            : seal.seal(answer.text, context(claim)).toString('base64'),
        ],
      )
    },

    async forget(tenantId, isMeant) {
      let forgotten = 0
      for (let after = ''; ; ) {
        const { rows } = await db.query<{ key: string; response: string | null }>(
          'select key, response from idempotency where tenant_id = $1 and key > $2 order by key limit 200',
          [tenantId, after],
        )
        const meant = rows.filter(({ key, response }) => {
          if (isMeant(key)) return true
          if (response === null) return false
          try {
            const sealed = Buffer.from(response, 'base64')
            return isMeant(seal.open(sealed, `idempotency/${tenantId}/${key}`))
          } catch {
            // Its key is gone: it can be answered to nobody, and nobody can tell whom it names.
            return true
          }
        })
        const { rowCount } = await db.query(
          'delete from idempotency where tenant_id = $1 and key = any($2)',
          [tenantId, meant.map(({ key }) => key)],
        )
        forgotten += rowCount ?? 0
        const last = rows.at(-1)
        if (last === undefined) return forgotten
        after = last.key
      }
    },

    async release(claim, requestId) {
      await db.query(
        'delete from idempotency where tenant_id = $1 and key = $2 and status is null and request_id = $3',
        [claim.tenantId, storedKey(claim), requestId],
      )
    },
  }
}

/**
 * A key is free after a day; before its answer is there, where its node's lease was taken over, and in any case after
 * ten minutes, longer than a request takes: of one that stood still a node of the release before says no node.
 */
const claimSql = /* sql */ `
  insert into idempotency (tenant_id, key, request_hash, node_id, request_id)
  values ($1, $2, $3, $4::uuid, $5::uuid)
  on conflict (tenant_id, key) do update
     set request_hash = excluded.request_hash, status = null, response = null, created_at = now(),
         node_id = excluded.node_id, request_id = excluded.request_id
   where idempotency.created_at < now() - interval '24 hours'
      or (idempotency.status is null
          and (idempotency.created_at < now() - interval '10 minutes'
               or idempotency.request_id = $7::uuid
               or (idempotency.node_id <> all($6::uuid[])
                   and not exists (select from node where node.id = idempotency.node_id))))`
