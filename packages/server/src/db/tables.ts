import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type Compilable,
  type Generated,
} from 'kysely'
import type { ChatFilter } from '../core/chat-filter.ts'
import type { BatchSettings, DialectName, OversizeSettings, Transform } from '../core/endpoint.ts'
import type { Priority } from '../core/message.ts'
import type { Queryable } from './pool.ts'

/** The rows of the tables in migrations/0001-engine.sql, as `pg` reads and writes them. */
export interface Tables {
  tenant: TenantTable
  api_key: ApiKeyTable
  app: AppTable
  event_type: EventTypeTable
  endpoint: EndpointTable
  endpoint_secret: EndpointSecretTable
  endpoint_health: EndpointHealthTable
  endpoint_stat: EndpointStatTable
  message: MessageTable
  work: WorkTable
  delivery: DeliveryTable
  attempt: AttemptTable
  dedupe: DedupeTable
  idempotency: IdempotencyTable
  node: NodeTable
  change: ChangeTable
  signal: SignalTable
  job: JobTable
}

export interface TenantTable {
  id: string
  name: string
  retention_days: number | null
  accept_rate: number | null
  person_paths: Generated<string[] | null>
  encrypt_payloads: Generated<boolean>
  created_at: Generated<Date>
}

export interface ApiKeyTable {
  id: string
  tenant_id: string
  app_id: string | null
  name: string
  hash: Buffer
  hint: string
  created_at: Generated<Date>
  last_used_at: Date | null
  expires_at: Date | null
  revoked_at: Date | null
}

export interface AppTable {
  id: string
  tenant_id: string
  uid: string | null
  name: string
  kind: Generated<'app' | 'operational'>
  metadata: Generated<Record<string, string>>
  throttle_rate: number | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export interface EventTypeTable {
  tenant_id: string
  name: string
  description: string
  schemas: Record<string, unknown> | null
  archived: Generated<boolean>
  deprecated: Generated<boolean>
  feature_flag: string | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export interface EndpointTable {
  id: string
  tenant_id: string
  app_id: string
  uid: string | null
  url: string
  description: Generated<string>
  event_types: string[] | null
  channels: string[] | null
  metadata: Generated<Record<string, string>>
  headers_sealed: Buffer | null
  disabled: Generated<boolean>
  disabled_reason: string | null
  paused: Generated<boolean>
  throttle_rate: number | null
  throttle_window_ms: Generated<number>
  dialect: Generated<DialectName>
  dialect_options: Generated<Record<string, unknown>>
  retry_schedule_ms: number[] | null
  timeout_ms: number | null
  max_in_flight: Generated<number>
  ordering: Generated<'none' | 'key'>
  priority: Priority | null
  filter: string | null
  signature_headers: Generated<'webhook' | 'svix'>
  circuit: { failuresToOpen?: number; pauseMs?: number; maxPauseMs?: number } | null
  transform: Transform | null
  batch: BatchSettings | null
  on_exhausted: Generated<'continue' | 'stop'>
  oversize: OversizeSettings | null
  chat_filter: ChatFilter | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export interface EndpointSecretTable {
  id: string
  tenant_id: string
  endpoint_id: string
  sealed: Buffer
  created_at: Generated<Date>
  expires_at: Date | null
}

export interface EndpointHealthTable {
  endpoint_id: string
  tenant_id: string
  circuit: Generated<'closed' | 'open' | 'half-open'>
  consecutive_failures: Generated<number>
  opened_at: Date | null
  open_until: Date | null
  pause_ms: number | null
  probe_node: string | null
  probe_until: Date | null
  failing_since: Date | null
  updated_at: Generated<Date>
}

export interface EndpointStatTable {
  endpoint_id: string
  minute: Date
  shard: number
  tenant_id: string
  delivered: Generated<number>
  exhausted: Generated<number>
  discarded: Generated<number>
  attempts: Generated<number>
  failed_attempts: Generated<number>
  duration_ms: Generated<number>
}

export interface MessageTable {
  id: string
  tenant_id: string
  app_id: string
  event_type: string
  event_id: string | null
  channels: string[] | null
  tags: string[] | null
  payload: string | null
  payload_bytes: number
  form: string | null
  ordering_key: string | null
  priority: number
  unmatched: string | null
  payload_expires_at: Date | null
  created_at: Date
}

export interface WorkTable {
  endpoint_id: string
  message_id: string
  id: string
  tenant_id: string
  app_id: string
  attempt: Generated<number>
  priority: number
  next_attempt_at: Date
  lease_owner: string | null
  ordering_key: string | null
  seq: number | null
  trigger: Generated<number>
  payload_bytes: number
  event_type: string
  created_at: Generated<Date>
}

export interface DeliveryTable {
  id: string
  tenant_id: string
  app_id: string
  endpoint_id: string
  message_id: string
  state: 'delivered' | 'exhausted' | 'discarded'
  reason: string | null
  attempts: number
  event_type: string
  closed_at: Generated<Date>
}

export interface AttemptTable {
  id: string
  tenant_id: string
  app_id: string
  endpoint_id: string
  message_id: string
  delivery_id: string
  number: number
  outcome: string
  status_code: number
  response: string
  error: string | null
  duration_ms: number
  trigger: number
  url: string
  event_type: string
  channels: string[] | null
  tags: string[] | null
  created_at: Date
}

export interface DedupeTable {
  scope: string
  key: string
  tenant_id: string
  app_id: string
  message_id: string
  request_hash: Buffer | null
  expires_at: Date
}

export interface IdempotencyTable {
  tenant_id: string
  key: string
  request_hash: Buffer
  status: number | null
  response: string | null
  created_at: Generated<Date>
}

export interface NodeTable {
  id: string
  name: string
  version: string
  schema_version: number
  started_at: Generated<Date>
  expires_at: Date
}

export interface ChangeTable {
  /** xid8, as text. */
  txid: Generated<string>
  kind: string
  key: string
  at: Generated<Date>
}

export interface SignalTable {
  id: string
  tenant_id: string
  type: string
  data: Record<string, unknown>
  created_at: Generated<Date>
}

export interface JobTable {
  id: string
  tenant_id: string
  app_id: string | null
  endpoint_id: string | null
  task: string
  args: Record<string, unknown>
  status: Generated<'running' | 'finished' | 'failed' | 'canceled'>
  cursor: Record<string, unknown> | null
  matched: Generated<number>
  total: number | null
  done: Generated<number>
  skipped: Generated<number>
  error: string | null
  lease_owner: string | null
  due_at: Generated<Date>
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

/**
 * Builds statements whose columns and rows are typed. It has no connection: `pg` runs what it builds (`rows`), so that there is one
 * pool and one way to hold a transaction.
 */
export const tables = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** Runs a statement made by `tables`, on the pool or inside a transaction. */
export async function rows<Row extends object>(
  db: Queryable,
  statement: Compilable<Row>,
): Promise<Row[]> {
  const { sql, parameters } = statement.compile()
  const result = await db.query<Row>(sql, [...parameters])
  return result.rows
}

/** The same, for statements that return no rows; tells how many they touched. */
export async function run(db: Queryable, statement: Compilable): Promise<number> {
  const { sql, parameters } = statement.compile()
  const result = await db.query(sql, [...parameters])
  return result.rowCount ?? 0
}
