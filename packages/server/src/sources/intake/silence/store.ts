import { showId } from '../../../core/id.ts'
import { inTransaction, type Pool } from '../../../db/pool.ts'
import { noteSignals, type Signal } from '../../../db/signals.ts'

interface SessionRow {
  source_id: string
  app_id: string
  app_uid: string | null
  tenant_id: string
  gateway: string
  name: string
  silence_minutes: number
  last_event_at: Date | null
  silent_since: Date
}

/**
 * Raises and ends the alarm of sessions that their sources ask to be watched: `source.silent` after that many minutes
 * without an event, `source.recovered` when they speak again. Nobody is blamed for a time in which no Pombo was there
 * to listen.
 * @returns sessions that fell silent, and that came back
 */
export async function watchSilence(
  pool: Pool,
  nowMs: number,
): Promise<{ silent: number; recovered: number }> {
  return await inTransaction(pool, async (db) => {
    const fallen = await db.query<SessionRow>(
      `with listening as (select min(started_at) as since from node where expires_at > now())
       update source_session t
          set silent_since = coalesce(t.last_event_at, t.created_at)
         from source s, app a, listening l
        where s.id = t.source_id
          and a.id = t.app_id
          and t.silent_since is null
          and coalesce(t.last_event_at, t.created_at) < now() - s.silence_minutes * interval '1 minute'
          and l.since < now() - s.silence_minutes * interval '1 minute'
       returning ${columns}`,
    )
    const back = await db.query<SessionRow>(
      `with before as (
         select t.source_id, t.app_id, t.silent_since
           from source_session t
          where t.silent_since is not null
            and t.last_event_at > t.silent_since
            for update
       )
       update source_session t
          set silent_since = null
         from before b, source s, app a
        where t.source_id = b.source_id
          and t.app_id = b.app_id
          and s.id = t.source_id
          and a.id = t.app_id
       returning ${columns.replace('t.silent_since', 'b.silent_since')}`,
    )
    // Who asks no longer gets no more news of it, nor old news when asking again.
    await db.query(
      `update source_session t
          set silent_since = null
         from source s
        where s.id = t.source_id
          and s.silence_minutes is null
          and t.silent_since is not null`,
    )
    const watched = back.rows.filter((row) => row.silence_minutes !== null)
    const signals = [
      ...fallen.rows.map((row) => signalOf('source.silent', row)),
      ...watched.map((row) => signalOf('source.recovered', row)),
    ]
    await noteSignals(db, signals, nowMs)
    return { silent: fallen.rows.length, recovered: watched.length }
  })
}

const columns = /* sql */ `
  t.source_id, t.app_id, a.uid as app_uid, t.tenant_id, s.gateway, s.name, s.silence_minutes,
  t.last_event_at, t.silent_since`

function signalOf(type: 'source.silent' | 'source.recovered', row: SessionRow): Signal {
  return {
    tenantId: row.tenant_id,
    type,
    data: {
      appId: showId('app', row.app_id),
      appUid: row.app_uid,
      sourceId: showId('source', row.source_id),
      gateway: row.gateway,
      name: row.name,
      silenceMinutes: row.silence_minutes,
      silentSince: row.silent_since.toISOString(),
      lastEventAt: row.last_event_at?.toISOString() ?? null,
    },
  }
}
