import type { Queryable } from '../../db/pool.ts'

/** Open work of one endpoint. */
export interface OpenWork {
  tenantId: string
  appId: string
  endpointId: string
  waiting: number
  retrying: number
  underWay: number
  oldestMs: number | null
}

/** Reads all of `work`: for a picture of it that many look at, and not for each of them. */
export async function readOpenWork(db: Queryable): Promise<OpenWork[]> {
  const { rows } = await db.query<OpenWork>(/* sql */ `
    select tenant_id as "tenantId", app_id as "appId", endpoint_id as "endpointId",
           count(*) filter (where lease_owner is null)::float8 as waiting,
           count(*) filter (where lease_owner is null and attempt > 0)::float8 as retrying,
           count(*) filter (where lease_owner is not null)::float8 as "underWay",
           (extract(epoch from min(created_at) filter (where lease_owner is null)) * 1000)::float8 as "oldestMs"
      from work
     group by 1, 2, 3`)
  return rows
}

export interface Inventory {
  endpoints: {
    total: number
    failing: number
    openCircuits: number
    paused: number
    disabled: number
  }
  apps: number
  sources: { total: number; connected: number; silent: number }
}

/** What a tenant has, or one of its apps. A source counts as connected for ten minutes after its last event. */
export async function readInventory(
  db: Queryable,
  tenantId: string,
  appId: string | null,
): Promise<Inventory> {
  const { rows } = await db.query<Record<string, number>>({
    name: 'overview-inventory',
    text: /* sql */ `
      select e.*, h.*, a.*, s.*
        from (select count(*) as total, count(*) filter (where paused) as paused,
                     count(*) filter (where disabled) as disabled
                from endpoint x
               where x.tenant_id = $1 and ($2::uuid is null or x.app_id = $2)) e,
             (select count(*) filter (where h.failing_since is not null or h.circuit <> 'closed') as failing,
                     count(*) filter (where h.circuit <> 'closed') as open
                from endpoint_health h join endpoint x on x.id = h.endpoint_id
               where h.tenant_id = $1 and not x.disabled and ($2::uuid is null or x.app_id = $2)) h,
             (select count(*) as apps from app where tenant_id = $1 and kind = 'app') a,
             (select count(*) as sources,
                     count(*) filter (where last_event_at > now() - interval '10 minutes') as connected,
                     count(*) filter (where silent_since is not null) as silent
                from source_session where tenant_id = $1 and ($2::uuid is null or app_id = $2)) s`,
    values: [tenantId, appId],
  })
  const row = rows[0]!
  const n = (name: string) => Number(row[name])
  return {
    endpoints: {
      total: n('total'),
      failing: n('failing'),
      openCircuits: n('open'),
      paused: n('paused'),
      disabled: n('disabled'),
    },
    apps: appId === null ? n('apps') : 1,
    sources: { total: n('sources'), connected: n('connected'), silent: n('silent') },
  }
}

export interface NodeRow {
  id: string
  name: string
  version: string
  startedAt: Date
  expiresAt: Date
}

export async function readNodes(db: Queryable): Promise<NodeRow[]> {
  const { rows } = await db.query<NodeRow>(/* sql */ `
    select id, name, version, started_at as "startedAt", expires_at as "expiresAt"
      from node where expires_at > now() order by started_at, id`)
  return rows
}
