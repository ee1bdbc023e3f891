/** The reads of the cache: everything the hot path needs of apps and endpoints, in one query for many of them. */
import { parseOpaqueSecret, parseSecret, type Secret } from '../core/secret.ts'
import type { DialectName, Endpoint, EndpointSecret } from '../core/endpoint.ts'
import type { Queryable } from '../db/pool.ts'
import { sealContext } from '../db/reseal.ts'
import type { Seal } from '../db/seal.ts'
import type { AppScope } from './apps/app.ts'
import type { KeyHolder } from './keys/key.ts'
import { page, type ListOptions, type Page } from './page.ts'
import type { AppRoutes, EndpointInApp, Health, RoutedApp } from './routes.ts'

/** What opening needs. An endpoint whose secrets do not open is told of, and held as if paused: see `endpointOf`. */
export interface Opener {
  seal: Seal
  unreadable(error: unknown, endpointId: string): void
}

/** A key's row, before the time decides whether it has expired. */
export interface KeyRow extends KeyHolder {
  expiresAtMs: number | null
}

interface AppRow {
  app_id: string
  tenant_id: string
  app_uid: string | null
  app_name: string
  kind: 'app' | 'operational'
  app_rate: number | null
  accept_rate: number | null
  person_paths: string[] | null
  encrypt_payloads: boolean
}

interface EndpointRow {
  id: string
  tenant_id: string
  app_id: string
  uid: string | null
  url: string
  description: string
  event_types: string[] | null
  channels: string[] | null
  metadata: Record<string, string>
  headers_sealed: Buffer | null
  disabled: boolean
  disabled_reason: string | null
  paused: boolean
  throttle_rate: number | null
  throttle_window_ms: number
  dialect: DialectName
  dialect_options: Record<string, unknown>
  retry_schedule_ms: number[] | null
  timeout_ms: number | null
  max_in_flight: number
  ordering: 'none' | 'key'
  priority: Endpoint['priority']
  filter: string | null
  signature_headers: 'webhook' | 'svix'
  circuit: Endpoint['circuit']
  transform: Endpoint['transform']
  batch: Endpoint['batch']
  on_exhausted: Endpoint['onExhausted']
  oversize: Endpoint['oversize']
  chat_filter: Endpoint['chatFilter']
  created_at: Date
  updated_at: Date
  secret_ids: string[] | null
  secret_sealed: Buffer[] | null
  secret_expires_ms: (number | null)[] | null
  health: Health['circuit'] | null
  consecutive_failures: number
  opened_at: Date | null
  open_until: Date | null
  pause_ms: number | null
  probe_until: Date | null
  failing_since: Date | null
}

const appColumns = `a.id as app_id, a.tenant_id, a.uid as app_uid, a.name as app_name, a.kind, a.throttle_rate as app_rate, t.accept_rate, t.person_paths, t.encrypt_payloads`

// Named columns: `e.*` would carry whatever a later migration adds. The current secret first, then the old ones, newest first.
const endpointColumns = `e.id, e.tenant_id, e.app_id, e.uid, e.url, e.description, e.event_types, e.channels, e.metadata, e.headers_sealed, e.disabled,
  e.disabled_reason, e.paused, e.throttle_rate, e.throttle_window_ms, e.dialect, e.dialect_options, e.retry_schedule_ms, e.timeout_ms, e.max_in_flight, e.ordering, e.priority,
  e.filter, e.signature_headers, e.circuit, e.transform, e.batch, e.on_exhausted, e.oversize, e.chat_filter, e.created_at, e.updated_at, s.secret_ids, s.secret_sealed, s.secret_expires_ms,
  h.circuit as health, h.consecutive_failures, h.opened_at, h.open_until, h.pause_ms, h.probe_until, h.failing_since`
const endpointJoins = `left join lateral (
    select array_agg(id order by id desc) as secret_ids, array_agg(sealed order by id desc) as secret_sealed,
           array_agg((extract(epoch from expires_at) * 1000)::float8 order by id desc) as secret_expires_ms
      from endpoint_secret where endpoint_id = e.id and (expires_at is null or expires_at > now())) s on true
  left join endpoint_health h on h.endpoint_id = e.id`

/** Apps with all their endpoints, by app id. Those that do not exist are not in the answer. */
export async function loadRoutes(
  db: Queryable,
  opener: Opener,
  appIds: string[],
): Promise<Map<string, AppRoutes>> {
  const [apps, endpoints] = await Promise.all([
    db.query<AppRow>({
      name: 'routes-apps',
      text: `select ${appColumns} from app a join tenant t on t.id = a.tenant_id where a.id = any($1)`,
      values: [appIds],
    }),
    db.query<EndpointRow>({
      name: 'routes-endpoints',
      text: `select ${endpointColumns} from endpoint e ${endpointJoins} where e.app_id = any($1) order by e.id`,
      values: [appIds],
    }),
  ])
  const found = new Map<string, AppRoutes>()
  for (const row of apps.rows)
    found.set(row.app_id, { app: routedApp(row), endpoints: [], health: new Map() })
  for (const row of endpoints.rows) {
    const routes = found.get(row.app_id)
    if (routes === undefined) continue
    routes.endpoints.push(endpointOf(row, opener))
    const health = healthOf(row)
    if (health) routes.health.set(row.id, health)
  }
  return found
}

/** Endpoints by id, whatever their apps. */
export async function loadEndpoints(
  db: Queryable,
  opener: Opener,
  ids: string[],
): Promise<Map<string, EndpointInApp>> {
  const { rows } = await db.query<EndpointRow & AppRow>({
    name: 'routes-by-endpoint',
    text: `select ${endpointColumns}, ${appColumns} from endpoint e join app a on a.id = e.app_id join tenant t on t.id = a.tenant_id ${endpointJoins}
            where e.id = any($1)`,
    values: [ids],
  })
  return new Map(
    rows.map((row) => [
      row.id,
      { endpoint: endpointOf(row, opener), health: healthOf(row), app: routedApp(row) },
    ]),
  )
}

/** One endpoint of an app, by UUID or uid; `hold` keeps its row locked until the transaction ends. */
export async function findEndpoint(
  db: Queryable,
  opener: Opener,
  { tenantId, appId }: AppScope,
  by: { id: string } | { uid: string },
  hold = false,
): Promise<Endpoint | undefined> {
  const { rows } = await db.query<EndpointRow>(
    `select ${endpointColumns} from endpoint e ${endpointJoins}
      where e.tenant_id = $1 and e.app_id = $2 and ${'id' in by ? 'e.id = $3::uuid' : 'e.uid = $3'} ${hold ? 'for no key update of e' : ''}`,
    [tenantId, appId, 'id' in by ? by.id : by.uid],
  )
  return rows[0] && endpointOf(rows[0], opener)
}

export async function listEndpoints(
  db: Queryable,
  opener: Opener,
  { tenantId, appId }: AppScope,
  options: ListOptions,
): Promise<Page<Endpoint>> {
  const [operator, order] = options.order === 'ascending' ? ['>', 'asc'] : ['<', 'desc']
  const { rows } = await db.query<EndpointRow>(
    `select ${endpointColumns} from endpoint e ${endpointJoins}
      where e.tenant_id = $1 and e.app_id = $2 ${options.after ? `and e.id ${operator} $4::uuid` : ''} order by e.id ${order} limit $3`,
    [tenantId, appId, options.limit + 1, ...(options.after ? [options.after.id] : [])],
  )
  return page(
    rows.map((row) => endpointOf(row, opener)),
    options.limit,
  )
}

/** App ids by `tenant/uid`. */
export async function loadAppIds(
  db: Queryable,
  wanted: { tenantId: string; uid: string }[],
): Promise<{ tenantId: string; uid: string; appId: string }[]> {
  const { rows } = await db.query<{ tenantId: string; uid: string; appId: string }>({
    name: 'routes-uids',
    text: `select a.tenant_id as "tenantId", a.uid, a.id as "appId" from unnest($1::uuid[], $2::text[]) as w (tenant_id, uid)
             join app a on a.tenant_id = w.tenant_id and a.uid = w.uid and a.kind = 'app'`,
    values: [wanted.map(({ tenantId }) => tenantId), wanted.map(({ uid }) => uid)],
  })
  return rows
}

/** Keys by the hex of their hash. */
export async function loadKeys(db: Queryable, hashes: string[]): Promise<Map<string, KeyRow>> {
  const { rows } = await db.query<{
    hash: string
    id: string
    tenant_id: string
    app_id: string | null
    name: string
    expires_at: Date | null
    revoked: boolean
  }>({
    name: 'routes-keys',
    text: `select encode(hash, 'hex') as hash, id, tenant_id, app_id, name, expires_at, revoked_at is not null as revoked from api_key where hash = any($1)`,
    values: [hashes.map((hash) => Buffer.from(hash, 'hex'))],
  })
  return new Map(
    rows.map((row) => [
      row.hash,
      {
        tenantId: row.tenant_id,
        keyId: row.id,
        appId: row.app_id,
        name: row.name,
        refused: row.revoked ? 'revoked' : null,
        expiresAtMs: row.expires_at?.getTime() ?? null,
      },
    ]),
  )
}

/** How a secret is written before it is sealed: its kind, since an opaque one may look like any other. */
export function secretText(secret: Secret): string {
  return `${secret.kind}:${secret.text}`
}

function readSecret(text: string): Secret {
  const parsed = text.startsWith('opaque:')
    ? parseOpaqueSecret(text.slice(7))
    : parseSecret(text.slice(text.indexOf(':') + 1))
  if (!parsed.ok) throw new Error(`A stored secret cannot be read: ${parsed.problem}`)
  return parsed.secret
}

function routedApp(row: AppRow): RoutedApp {
  return {
    id: row.app_id,
    tenantId: row.tenant_id,
    uid: row.app_uid,
    name: row.app_name,
    kind: row.kind,
    throttleRate: row.app_rate,
    tenantAcceptRate: row.accept_rate,
    tenantPersonPaths: row.person_paths,
    tenantEncryptsPayloads: row.encrypt_payloads,
  }
}

/**
 * An endpoint whose secrets or headers do not open (a key is missing from the ring) is seen as paused: its messages wait until the key
 * is back. Throwing instead would stop the whole app for one endpoint's trouble, and sending unsigned is out of the question.
 */
function endpointOf(row: EndpointRow, opener: Opener): Endpoint {
  const opened = open(row, opener)
  return {
    id: row.id,
    tenantId: row.tenant_id,
    appId: row.app_id,
    uid: row.uid,
    url: row.url,
    description: row.description,
    eventTypes: row.event_types,
    channels: row.channels,
    metadata: row.metadata,
    headers: opened.headers,
    disabled: row.disabled,
    disabledReason: row.disabled_reason,
    paused: row.paused || opened.unreadable,
    throttleRate: row.throttle_rate,
    throttleWindowMs: row.throttle_window_ms,
    dialect: row.dialect,
    dialectOptions: row.dialect_options,
    retryScheduleMs: row.retry_schedule_ms,
    timeoutMs: row.timeout_ms,
    maxInFlight: row.max_in_flight,
    ordering: row.ordering,
    priority: row.priority,
    filter: row.filter,
    signatureHeaders: row.signature_headers,
    secrets: opened.secrets,
    circuit: row.circuit,
    transform: row.transform,
    batch: row.batch,
    onExhausted: row.on_exhausted,
    oversize: row.oversize,
    chatFilter: row.chat_filter,
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  }
}

function open(
  row: EndpointRow,
  opener: Opener,
): { secrets: EndpointSecret[]; headers: Record<string, string>; unreadable: boolean } {
  try {
    const secrets = (row.secret_ids ?? []).map((id, index) => ({
      secret: readSecret(
        opener.seal.open(row.secret_sealed![index]!, sealContext('endpoint_secret', id)),
      ),
      expiresAtMs: row.secret_expires_ms![index] ?? null,
    }))
    const headers: Record<string, string> =
      row.headers_sealed === null
        ? {}
        : JSON.parse(opener.seal.open(row.headers_sealed, sealContext('endpoint_headers', row.id)))
    return { secrets, headers, unreadable: false }
  } catch (error) {
    opener.unreadable(error, row.id)
    return { secrets: [], headers: {}, unreadable: true }
  }
}

function healthOf(row: EndpointRow): Health | undefined {
  if (row.health === null) return undefined
  return {
    circuit: row.health,
    consecutiveFailures: row.consecutive_failures,
    openedAtMs: row.opened_at?.getTime() ?? null,
    openUntilMs: row.open_until?.getTime() ?? null,
    pauseMs: row.pause_ms,
    probeUntilMs: row.probe_until?.getTime() ?? null,
    failingSinceMs: row.failing_since?.getTime() ?? null,
  }
}
