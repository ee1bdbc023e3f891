/** How endpoints are read: the row, its secrets that have not expired, and its health. */
import type { Endpoint, EndpointSecret } from '../../../core/endpoint.ts'
import { readId } from '../../../core/id.ts'
import { readSecret } from '../../../core/secret.ts'
import type { Queryable } from '../../../db/pool.ts'
import { sealContext } from '../../../db/reseal.ts'
import type { Seal } from '../../../db/seal.ts'
import {
  defineTable,
  direction,
  type ListOptions,
  type Page,
  pageOf,
  ofApp,
} from '../../../db/table.ts'
import type { AppScope } from '../../apps/app.ts'
import type { Health, RoutedApp } from '../../cache/routes.ts'

/** An endpoint as its row holds it: what is secret sealed, the signing secrets in a table of their own. */
type StoredEndpoint = Omit<Endpoint, SealedMember | 'secrets'> & Record<SealedMember, Buffer | null>

/** What is sealed into a column of its own. */
export type SealedMember = 'headers' | 'auth' | 'tls' | 'destination'

type FixedMember = 'id' | 'tenantId' | 'appId' | 'createdAtMs' | 'updatedAtMs'

export const endpoints = defineTable<StoredEndpoint, Exclude<keyof StoredEndpoint, FixedMember>>({
  name: 'endpoint',
  key: 'id',
  fixed: ofApp,
  settings: {
    uid: 'uid',
    url: 'url',
    description: 'description',
    eventTypes: 'event_types',
    channels: 'channels',
    metadata: 'metadata',
    headers: 'headers_sealed',
    auth: 'auth_sealed',
    tls: 'tls_sealed',
    destination: 'destination_sealed',
    disabled: 'disabled',
    disabledReason: 'disabled_reason',
    paused: 'paused',
    throttleRate: 'throttle_rate',
    throttleWindowMs: 'throttle_window_ms',
    dialect: 'dialect',
    dialectOptions: 'dialect_options',
    retryScheduleMs: 'retry_schedule_ms',
    timeoutMs: 'timeout_ms',
    maxInFlight: 'max_in_flight',
    ordering: 'ordering',
    priority: 'priority',
    filter: 'filter',
    signatureHeaders: 'signature_headers',
    circuit: 'circuit',
    transform: 'transform',
    batch: 'batch',
    onExhausted: 'on_exhausted',
    oversize: 'oversize',
    chatFilter: 'chat_filter',
  },
})

/** What `endpointColumns` reads, from `endpointTables`. */
export interface EndpointRow extends StoredEndpoint {
  secrets: { id: string; sealed: string; expiresAtMs: number | null }[] | null
  health: Health | null
  /** Only where it is asked for. */
  app?: RoutedApp
}

/**
 * How secrets and headers are opened. An endpoint whose secrets do not open is reported, and held as if paused: see
 * `endpointOf`.
 */
export interface Opener {
  seal: Seal
  unreadable(error: unknown, endpointId: string): void
}

export const endpointColumns = /* sql */ `
  ${endpoints.selected('e')},
  s.secrets,
  case when h.endpoint_id is not null then json_build_object(
    'circuit', h.circuit,
    'consecutiveFailures', h.consecutive_failures,
    'openedAtMs', floor(extract(epoch from h.opened_at) * 1000),
    'openUntilMs', floor(extract(epoch from h.open_until) * 1000),
    'pauseMs', h.pause_ms,
    'probeUntilMs', floor(extract(epoch from h.probe_until) * 1000),
    'failingSinceMs', floor(extract(epoch from h.failing_since) * 1000)
  ) end as health`

/**
 * The secrets by the index on their endpoint: the current one first, then the old ones, newest first. The health by its
 * key.
 */
export const endpointTables = /* sql */ `
  endpoint e
  left join lateral (
    select json_agg(json_build_object(
             'id', id,
             'sealed', encode(sealed, 'base64'),
             'expiresAtMs', (extract(epoch from expires_at) * 1000)::float8
           ) order by id desc) as secrets
      from endpoint_secret
     where endpoint_id = e.id and (expires_at is null or expires_at > now())
  ) s on true
  left join endpoint_health h on h.endpoint_id = e.id`

/** One endpoint of an app, by UUID or uid; `hold` keeps its row locked until the transaction ends. */
export async function findEndpoint(
  db: Queryable,
  opener: Opener,
  { tenantId, appId }: AppScope,
  by: { id: string } | { uid: string },
  hold = false,
): Promise<Endpoint | undefined> {
  const { rows } = await db.query<EndpointRow>(
    /* sql */ `
      select ${endpointColumns}
        from ${endpointTables}
       where e.tenant_id = $1 and e.app_id = $2 and ${'id' in by ? 'e.id = $3::uuid' : 'e.uid = $3'}
       ${hold ? 'for no key update of e' : ''}`,
    [tenantId, appId, 'id' in by ? by.id : by.uid],
  )
  return rows[0] && endpointOf(rows[0], opener)
}

export async function listEndpoints(
  db: Queryable,
  opener: Opener,
  { tenantId, appId }: AppScope,
  { limit, after, order }: ListOptions,
): Promise<Page<Endpoint>> {
  const { behind, sort } = direction(order)
  const { rows } = await db.query<EndpointRow>(
    /* sql */ `
      select ${endpointColumns}
        from ${endpointTables}
       where e.tenant_id = $1 and e.app_id = $2 ${after ? `and e.id ${behind} $4::uuid` : ''}
       order by e.id ${sort}
       limit $3`,
    [tenantId, appId, limit + 1, ...(after ? [after.id] : [])],
  )
  return pageOf(
    rows.map((row) => endpointOf(row, opener)),
    limit,
  )
}

/** What finds an endpoint by its shown id, or else by its uid. */
export function byIdOrUid(idOrUid: string): { id: string } | { uid: string } {
  const id = readId('endpoint', idOrUid)
  return id === undefined ? { uid: idOrUid } : { id }
}

/**
 * An endpoint whose secrets or headers do not open (a key is missing from the ring) is seen as paused: its messages
 * wait until the key is back. Throwing instead would stop the whole app for one endpoint's trouble, and sending
 * unsigned is out of the question.
 */
export function endpointOf(row: EndpointRow, opener: Opener): Endpoint {
  // All of the row and what is put over it: leaving members out of the copy (`...rest`) gives each object a shape of
  // its own, which takes 1,300 bytes and not 420, and is read thirty times more slowly.
  const endpoint = {
    ...row,
    headers: {} as Record<string, string>,
    auth: null as Endpoint['auth'],
    tls: null as Endpoint['tls'],
    destination: null as Endpoint['destination'],
    secrets: [] as EndpointSecret[],
    health: undefined,
    app: undefined,
  }
  try {
    const { seal } = opener
    const secrets = (row.secrets ?? []).map(({ id, sealed, expiresAtMs }) => {
      const text = seal.open(Buffer.from(sealed, 'base64'), sealContext('endpoint_secret', id))
      return { secret: readSecret(text), expiresAtMs }
    })
    const open = (sealed: Buffer, member: SealedMember): unknown =>
      JSON.parse(seal.open(sealed, sealContext(`endpoint_${member}`, row.id)))
    if (row.headers !== null) endpoint.headers = open(row.headers, 'headers') as Endpoint['headers']
    if (row.auth !== null) endpoint.auth = open(row.auth, 'auth') as Endpoint['auth']
    if (row.tls !== null) endpoint.tls = open(row.tls, 'tls') as Endpoint['tls']
    if (row.destination !== null)
      endpoint.destination = open(row.destination, 'destination') as Endpoint['destination']
    endpoint.secrets = secrets
  } catch (error) {
    opener.unreadable(error, row.id)
    endpoint.paused = true
  }
  return endpoint
}
