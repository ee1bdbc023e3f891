-- The live stream between nodes. Unlogged: what is in here is of use for seconds.

-- Nodes at which somebody watches a tenant; the others send what they see for as long as this counts.
create unlogged table stream_watcher (
  tenant_id uuid not null,
  node_id uuid not null,
  expires_at timestamptz not null,
  primary key (tenant_id, node_id)
);

-- What a node saw of a watched tenant, a batch every half second.
create unlogged table stream_batch (
  seq bigint generated always as identity primary key,
  tenant_id uuid not null,
  node_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  -- Events that were left out, since there were more than a batch takes.
  dropped integer not null,
  events jsonb not null
);
create index stream_batch_at on stream_batch (at);
