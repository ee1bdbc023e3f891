/** The reads of the cache: everything the hot path needs of apps and endpoints, in one query for many of them. */
import { setImmediate } from 'node:timers/promises'
import type { Endpoint } from '../../core/endpoint.ts'
import { applyDefaults, type EndpointDefaults } from '../../core/endpoint-defaults.ts'
import { readId } from '../../core/id.ts'
import { beginTurn } from '../../core/turn.ts'
import type { Queryable } from '../../db/pool.ts'
import {
  endpointColumns,
  endpointOf,
  type EndpointRow,
  endpointTables,
  type Opener,
} from '../endpoints/rows/store.ts'
import type { KeyHolder } from '../keys/key.ts'
import type { AppRoutes, EndpointInApp, RoutedApp } from './routes.ts'
import { openDefaults } from '../tenants/default-headers.ts'

/** A key's or a session's row, before the time decides whether it has expired. */
export type KeyRow = KeyHolder

const routedApp = /* sql */ `
  json_build_object(
    'id', a.id,
    'tenantId', a.tenant_id,
    'uid', a.uid,
    'name', a.name,
    'kind', a.kind,
    'throttleRate', a.throttle_rate,
    'tenantAcceptRate', t.accept_rate,
    'tenantPersonPaths', t.person_paths,
    'tenantEncryptsPayloads', t.encrypt_payloads,
    'tenantDefaults', t.endpoint_defaults,
    'tenantHeadersSealed', encode(t.default_headers_sealed, 'base64'),
    'tenantRetrySchedules', (
      select json_object_agg(name, retry_schedule_ms)
        from event_type
       where tenant_id = a.tenant_id and retry_schedule_ms is not null
    )
  ) as app`

/** As it is read: the tenant's headers are still sealed. */
interface AppRow extends RoutedApp {
  tenantHeadersSealed?: string | null
}

/** What holds for endpoints that say nothing; or why the tenant's part of it cannot be read. */
type Levels = (EndpointDefaults | null)[] | { unreadable: unknown }

/** Opens the tenant's word in the app, once for all of its endpoints. */
function levelsOf(app: AppRow, { seal }: Opener, defaults: EndpointDefaults): Levels {
  const { tenantHeadersSealed, tenantDefaults: endpointDefaults, tenantId } = app
  delete app.tenantHeadersSealed
  if (tenantHeadersSealed == null) return [endpointDefaults, defaults]
  try {
    const defaultHeaders = Buffer.from(tenantHeadersSealed, 'base64')
    app.tenantDefaults = openDefaults({ endpointDefaults, defaultHeaders }, tenantId, seal)
    return [app.tenantDefaults, defaults]
  } catch (unreadable) {
    return { unreadable }
  }
}

/** Without headers that belong to it nothing is sent: it waits, as one whose own do not open. */
function withDefaults(endpoint: Endpoint, levels: Levels, opener: Opener): Endpoint {
  if (Array.isArray(levels)) return applyDefaults(endpoint, levels)
  opener.unreadable(levels.unreadable, endpoint.id)
  endpoint.paused = true
  return endpoint
}

/**
 * Apps with all their endpoints, by app id. Those that do not exist are not in the answer. One probe of `app`'s key an
 * app, and one range of `endpoint_list`; for each endpoint one probe of its secrets and one of its health. Made in
 * turns: to open the secrets of 5,000 and what else is sealed takes 40 ms.
 */
export async function loadRoutes(
  db: Queryable,
  opener: Opener,
  appIds: string[],
  defaults: EndpointDefaults,
): Promise<Map<string, AppRoutes>> {
  const [apps, endpoints] = await Promise.all([
    db.query<{ app: AppRow }>({
      name: 'routes-apps',
      text: /* sql */ `
        select ${routedApp}
          from app a join tenant t on t.id = a.tenant_id
         where a.id = any($1)`,
      values: [appIds],
    }),
    db.query<EndpointRow>({
      name: 'routes-endpoints',
      text: /* sql */ `
        select ${endpointColumns}
          from ${endpointTables}
         where e.app_id = any($1)
         order by e.id`,
      values: [appIds],
    }),
  ])
  const found = new Map<string, AppRoutes>()
  const levels = new Map<string, Levels>()
  for (const { app } of apps.rows) {
    levels.set(app.id, levelsOf(app, opener, defaults))
    found.set(app.id, { app, endpoints: [], health: new Map() })
  }
  let over = beginTurn()
  for (const row of endpoints.rows) {
    const routes = found.get(row.appId)
    if (routes === undefined) continue
    if (over()) {
      await setImmediate()
      over = beginTurn()
    }
    // One text for all of them: each row brings its own.
    row.appId = routes.app.id
    row.tenantId = routes.app.tenantId
    routes.endpoints.push(withDefaults(endpointOf(row, opener), levels.get(row.appId)!, opener))
    if (row.health) routes.health.set(row.id, row.health)
  }
  return found
}

/** Endpoints by id, whatever their apps: one probe of the key each, as of their apps and tenants. */
export async function loadEndpoints(
  db: Queryable,
  opener: Opener,
  ids: string[],
  defaults: EndpointDefaults,
): Promise<Map<string, EndpointInApp>> {
  const { rows } = await db.query<EndpointRow & { app: AppRow }>({
    name: 'routes-by-endpoint',
    text: /* sql */ `
      select ${endpointColumns}, ${routedApp}
        from ${endpointTables}
        join app a on a.id = e.app_id
        join tenant t on t.id = a.tenant_id
       where e.id = any($1)`,
    values: [ids],
  })
  return new Map(
    rows.map((row) => [
      row.id,
      {
        endpoint: withDefaults(
          endpointOf(row, opener),
          levelsOf(row.app, opener, defaults),
          opener,
        ),
        health: row.health ?? undefined,
        app: row.app,
      },
    ]),
  )
}

/** App ids by `tenant/uid` and `tenant/shown id`: one probe of `app_uid` or of `app`'s key each. */
export async function loadAppIds(db: Queryable, keys: string[]): Promise<Map<string, string>> {
  // A UUID has 36 characters.
  const tenants = keys.map((key) => key.slice(0, 36))
  const names = keys.map((key) => key.slice(37))
  const { rows } = await db.query<{ key: string; appId: string }>({
    name: 'routes-app-ids',
    text: /* sql */ `
      with wanted as (
        select tenant_id, name, id
          from unnest($1::uuid[], $2::text[], $3::uuid[]) as wanted (tenant_id, name, id)
      )
      select w.tenant_id || '/' || w.name as key, a.id as "appId"
        from wanted w
        join app a on a.tenant_id = w.tenant_id and a.uid = w.name and a.kind = 'app'
       where w.id is null
      union all
      select w.tenant_id || '/' || w.name, a.id
        from wanted w
        join app a on a.id = w.id and a.tenant_id = w.tenant_id and a.kind = 'app'`,
    values: [tenants, names, names.map((name) => readId('app', name) ?? null)],
  })
  return new Map(rows.map(({ key, appId }) => [key, appId]))
}

/**
 * Keys, and the keys by which people are signed in, by the hex of the hash: one probe of the unique index on it each.
 */
export async function loadKeys(db: Queryable, hashes: string[]): Promise<Map<string, KeyRow>> {
  const { rows } = await db.query<KeyRow & { hash: string }>({
    name: 'routes-keys',
    text: /* sql */ `
      select encode(hash, 'hex') as hash,
             id as "keyId",
             tenant_id as "tenantId",
             app_id as "appId",
             name,
             feature_flags as "featureFlags",
             role,
             null::uuid as "sessionId",
             use,
             poller_id as "pollerId",
             floor(extract(epoch from expires_at) * 1000)::float8 as "expiresAtMs",
             case when revoked_at is not null then 'revoked' end as refused
        from api_key
       where hash = any($1)
      union all
      select encode(s.hash, 'hex'), k.id, k.tenant_id, k.app_id, k.name, k.feature_flags, k.role, s.id, k.use,
             k.poller_id,
             floor(extract(epoch from least(s.expires_at, k.expires_at)) * 1000)::float8,
             case when k.revoked_at is not null then 'revoked' end
        from session s join api_key k on k.id = s.key_id
       where s.hash = any($1)`,
    values: [hashes.map((hash) => Buffer.from(hash, 'hex'))],
  })
  return new Map(rows.map(({ hash, ...row }) => [hash, row]))
}
