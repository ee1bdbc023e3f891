import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { uuidv7 } from '../../core/id.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import type { Write } from '../writer.ts'

/** How long somebody stays signed in. */
const SESSION_MS = 12 * 3_600_000

export interface MadeSession {
  id: string
  /** What the browser keeps. */
  token: string
  expiresAtMs: number
}

export type Sessions = ReturnType<typeof createSessions>

/**
 * What is stored of a session. Not the hash of a key's text: so no session's token counts as a key, and no key as a
 * session.
 */
export function hashSession(token: string): Buffer {
  return hash('sha256', `session:${token}`, 'buffer')
}

/** People who are signed in by a key. The cache answers who a session is (cache/cache.ts), as it does for keys. */
export function createSessions({ pool, clock, write }: { pool: Pool; clock: Clock; write: Write }) {
  return {
    async create(key: {
      tenantId: string
      keyId: string
      appId: string | null
      expiresAtMs: number | null
    }): Promise<MadeSession> {
      const token = randomBytes(32).toString('base64url')
      const id = uuidv7(clock.now())
      const until = clock.now() + SESSION_MS
      const expiresAtMs = Math.min(until, key.expiresAtMs ?? until)
      await pool.query(
        /* sql */ `
          insert into session (id, tenant_id, app_id, key_id, hash, expires_at)
          values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000))`,
        [id, key.tenantId, key.appId, key.keyId, hashSession(token), expiresAtMs],
      )
      return { id, token, expiresAtMs }
    },

    /** Counts on every node within a second. */
    async end(tenantId: string, id: string): Promise<void> {
      await write(async (db, note) => {
        await db.query('delete from session where tenant_id = $1 and id = $2', [tenantId, id])
        await note('key', tenantId)
      })
    },
  }
}

/** Upkeep's to call. A day late, so that who comes back is told that it has expired. */
export async function forgetSessions(db: Queryable): Promise<void> {
  await db.query(`delete from session where expires_at < now() - interval '1 day'`)
}
