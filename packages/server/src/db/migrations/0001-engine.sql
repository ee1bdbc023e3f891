-- The engine's tables. Every table carries its tenant, so that a distributed PostgreSQL (by tenant) stays possible.
-- Times are the database's. Ids are UUIDv7 made by the nodes, on a clock aligned to the database's.

-- A UUIDv7 of the database's clock, for rows that are made by statements over many rows. (PostgreSQL 18 has its own; 15 to 17 do not.)
create function uuid_v7() returns uuid language sql volatile as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
$$;

create table tenant (
  id uuid primary key,
  name text not null,
  -- null: POMBO_RETENTION_DAYS
  retention_days integer check (retention_days between 1 and 3650),
  -- Messages accepted a second; null: no limit.
  accept_rate integer check (accept_rate > 0),
  created_at timestamptz not null default now()
);

-- Keys are 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
create table api_key (
  id uuid primary key,
  tenant_id uuid not null references tenant (id) on delete cascade,
  -- Null: the tenant's own key. Set: an app-scoped token, as app-portal-access makes them.
  app_id uuid,
  name text not null,
  hash bytea not null unique,
  -- The first characters, so that a person recognises the key in a list.
  hint text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_key_tenant on api_key (tenant_id, id);

create table app (
  id uuid primary key,
  tenant_id uuid not null references tenant (id) on delete cascade,
  uid text,
  name text not null,
  -- 'operational': the tenant's own operational webhooks live in one hidden app.
  kind text not null default 'app' check (kind in ('app', 'operational')),
  metadata jsonb not null default '{}',
  throttle_rate integer check (throttle_rate > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index app_uid on app (tenant_id, uid) where uid is not null;
create unique index app_operational on app (tenant_id) where kind = 'operational';
create index app_list on app (tenant_id, id);

create table event_type (
  tenant_id uuid not null references tenant (id) on delete cascade,
  name text not null,
  description text not null,
  schemas jsonb,
  archived boolean not null default false,
  deprecated boolean not null default false,
  feature_flag text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, name)
);

create table endpoint (
  id uuid primary key,
  tenant_id uuid not null references tenant (id) on delete cascade,
  app_id uuid not null references app (id) on delete cascade,
  uid text,
  url text not null,
  description text not null default '',
  event_types text[],
  channels text[],
  metadata jsonb not null default '{}',
  -- Sealed JSON of the extra headers: they often hold credentials.
  headers_sealed bytea,
  disabled boolean not null default false,
  disabled_reason text,
  paused boolean not null default false,
  throttle_rate integer check (throttle_rate > 0),
  dialect text not null default 'standard',
  dialect_options jsonb not null default '{}',
  retry_schedule_ms integer[],
  timeout_ms integer check (timeout_ms between 1000 and 60000),
  max_in_flight integer not null default 20 check (max_in_flight between 1 and 1000),
  ordering text not null default 'none' check (ordering in ('none', 'key')),
  priority text check (priority in ('high', 'normal', 'low')),
  filter text,
  signature_headers text not null default 'webhook' check (signature_headers in ('webhook', 'svix')),
  circuit jsonb,
  -- {payload, headers, path}: expressions
  transform jsonb,
  -- {maxEvents, maxWaitMs}
  batch jsonb,
  -- What a given-up delivery does to its ordering key: let the next go, or hold it until someone acts.
  on_exhausted text not null default 'continue' check (on_exhausted in ('continue', 'stop')),
  -- {maxBytes, action}
  oversize jsonb,
  chat_filter jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index endpoint_uid on endpoint (app_id, uid) where uid is not null;
create index endpoint_list on endpoint (app_id, id);

create table endpoint_secret (
  id uuid primary key,
  tenant_id uuid not null,
  endpoint_id uuid not null references endpoint (id) on delete cascade,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  -- Null: the current one. Set: an old one that still signs until then.
  expires_at timestamptz
);
create index endpoint_secret_endpoint on endpoint_secret (endpoint_id);

-- What the deliveries so far say about an endpoint. Written by record/ only; absent while nothing ever failed.
create table endpoint_health (
  endpoint_id uuid primary key references endpoint (id) on delete cascade,
  tenant_id uuid not null,
  circuit text not null default 'closed' check (circuit in ('closed', 'open', 'half-open')),
  consecutive_failures integer not null default 0,
  opened_at timestamptz,
  -- While open: when a probe may go.
  open_until timestamptz,
  pause_ms integer,
  -- While half-open: who probes, and until when that counts.
  probe_node uuid,
  probe_until timestamptz,
  failing_since timestamptz,
  updated_at timestamptz not null default now()
);

-- Deliveries and attempts counted by the minute; `shard` keeps nodes from waiting for each other's row. After two days the minutes are
-- folded into hours, under shard -1.
create table endpoint_stat (
  endpoint_id uuid not null,
  minute timestamptz not null,
  shard smallint not null,
  tenant_id uuid not null,
  delivered integer not null default 0,
  exhausted integer not null default 0,
  discarded integer not null default 0,
  attempts integer not null default 0,
  failed_attempts integer not null default 0,
  duration_ms bigint not null default 0,
  primary key (endpoint_id, minute, shard)
);

-- A message, stored once. Partitioned by day of its id; look-ups name app and id.
create table message (
  id uuid not null,
  tenant_id uuid not null,
  app_id uuid not null,
  event_type text not null,
  event_id text,
  channels text[],
  tags text[],
  -- JSON text exactly as it came; null once deleted.
  payload text,
  payload_bytes integer not null,
  form text,
  ordering_key text,
  priority smallint not null,
  -- Why nobody got it; null when somebody did.
  unmatched text,
  payload_expires_at timestamptz,
  created_at timestamptz not null,
  primary key (app_id, id)
) partition by range (id);
create index message_expiring on message (payload_expires_at) where payload_expires_at is not null;

-- Open work: one row for each (endpoint, message) that is not finished. Small, not partitioned, deleted when done, so that a claim
-- touches the same few pages however many days are kept. Rows of healthy endpoints are inserted already leased and never enter an
-- index but the primary key.
create sequence work_seq;
create table work (
  endpoint_id uuid not null,
  message_id uuid not null,
  -- The delivery's id.
  id uuid not null,
  tenant_id uuid not null,
  app_id uuid not null,
  -- Attempts made so far.
  attempt integer not null default 0,
  -- 0 high, 1 normal, 2 low
  priority smallint not null,
  next_attempt_at timestamptz not null,
  -- The node that has it in hand; null: waiting.
  lease_owner uuid,
  -- Set where the endpoint asks for order. `seq` is the order of acceptance, by the database.
  ordering_key text,
  seq bigint,
  -- 0 by schedule, 1 by hand
  trigger smallint not null default 0,
  payload_bytes integer not null,
  event_type text not null,
  created_at timestamptz not null default now(),
  primary key (endpoint_id, message_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);
create index work_due on work (endpoint_id, priority, next_attempt_at) where lease_owner is null and ordering_key is null;
create index work_order on work (endpoint_id, ordering_key, seq) where ordering_key is not null;

-- Finished deliveries, append-only.
create table delivery (
  id uuid not null,
  tenant_id uuid not null,
  app_id uuid not null,
  endpoint_id uuid not null,
  message_id uuid not null,
  -- 'delivered', 'exhausted', 'discarded'
  state text not null,
  -- Why it was discarded or given up.
  reason text,
  attempts integer not null,
  event_type text not null,
  closed_at timestamptz not null default now(),
  -- By message first, as with attempts.
  primary key (message_id, endpoint_id, id)
) partition by range (id);
-- Lists of an endpoint's deliveries are made of walks of one state each: the few of one kind are not searched for among millions of
-- another. Costs 2.5 µs a row more than an index by endpoint and message alone, which could not serve that. With the id, so that what a
-- list asks of days is answered in the index.
create index delivery_state on delivery (endpoint_id, state, message_id, id);

-- Every attempt, append-only.
create table attempt (
  id uuid not null,
  tenant_id uuid not null,
  app_id uuid not null,
  endpoint_id uuid not null,
  message_id uuid not null,
  delivery_id uuid not null,
  -- 1 for the first
  number integer not null,
  -- 'delivered', 'refused', 'timed-out', 'unreachable', 'blocked', 'failed'
  outcome text not null,
  -- 0: no answer
  status_code smallint not null,
  response text not null,
  error text,
  duration_ms integer not null,
  trigger smallint not null,
  url text not null,
  event_type text not null,
  channels text[],
  tags text[],
  created_at timestamptz not null,
  -- 2: delivered; else the hundreds of the status code, negated: -5 for 503, 0 for no answer. All lists of an endpoint's attempts are made
  -- of walks of one class, so that neither a few failures among millions of successes are searched for nor the reverse.
  class smallint not null generated always as (case when outcome = 'delivered' then 2 else -(status_code / 100) end) stored,
  -- By message first: the ids of new messages grow, so that this index is written at its end. Measured with the two below: 12 µs a row;
  -- with (endpoint_id, id) and a block index on the message, which could serve neither, 8.6 µs.
  primary key (message_id, id)
) partition by range (id);
create index attempt_endpoint on attempt (endpoint_id, class, id);
create index attempt_type on attempt (endpoint_id, event_type, class, id);

-- The attempts of an endpoint on a channel ('c:…') or with a tag ('t:…'). Costs only those who use them.
create table attempt_label (
  endpoint_id uuid not null,
  label text not null,
  -- The attempt's.
  id uuid not null,
  message_id uuid not null,
  tenant_id uuid not null,
  primary key (endpoint_id, label, id)
) partition by range (id);

-- Keys that make a message a repeat: event ids, idempotency keys, gateways' own identities.
create table dedupe (
  -- The app, or the tenant for idempotency keys.
  scope uuid not null,
  key text not null,
  tenant_id uuid not null,
  app_id uuid not null,
  message_id uuid not null,
  request_hash bytea,
  expires_at timestamptz not null,
  primary key (scope, key)
);
-- Not brin: the space of forgotten keys is used again, after which every block range would hold something that has expired.
create index dedupe_expires on dedupe (expires_at);

-- Answers to POSTs that carried an Idempotency-Key (messages keep theirs in `dedupe`, in the transaction that accepts them).
create table idempotency (
  tenant_id uuid not null,
  key text not null,
  request_hash bytea not null,
  -- Null while the first request is being carried out.
  status smallint,
  response text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);

-- Live nodes. A node's leases count while `expires_at` lies ahead; who takes them over deletes the row.
create table node (
  id uuid primary key,
  name text not null,
  version text not null,
  schema_version integer not null,
  started_at timestamptz not null default now(),
  expires_at timestamptz not null
);

-- What changed, for the nodes' caches. Read by transaction id, never by a counter: counters commit out of order.
create table change (
  txid xid8 not null default pg_current_xact_id(),
  kind text not null,
  key uuid not null,
  at timestamptz not null default now()
);
create index change_txid on change (txid);

-- Operational events on their way into the engine: written with what caused them, removed with the message they become.
create table signal (
  id uuid primary key,
  tenant_id uuid not null,
  type text not null,
  data jsonb not null,
  created_at timestamptz not null default now()
);

-- What one node does at a time. Counts while that node lives.
create table duty (
  name text primary key,
  node_id uuid not null,
  taken_at timestamptz not null default now()
);

-- Up to when the history of a tenant that keeps less than others has been deleted.
create table prune (
  tenant_id uuid primary key references tenant (id) on delete cascade,
  before timestamptz not null
);

-- Long work that survives restarts: recover, replay.
create table job (
  id uuid primary key,
  tenant_id uuid not null,
  app_id uuid,
  endpoint_id uuid,
  task text not null,
  args jsonb not null,
  status text not null default 'running' check (status in ('running', 'finished', 'failed', 'canceled')),
  -- Where it stands, so that another node can go on.
  cursor jsonb,
  -- Deliveries that are meant, as far as they were counted; then all of them; of those, opened, and passed over.
  matched bigint not null default 0,
  total bigint,
  done bigint not null default 0,
  skipped bigint not null default 0,
  error text,
  -- The node that is at a page of it.
  lease_owner uuid,
  -- When the next page may begin.
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index job_open on job (id) where status = 'running';
create index job_list on job (tenant_id, id);
