-- The broker that a source is fed by, where it is one: sealed JSON, since most of it opens something.
alter table source add column broker_sealed bytea;
create index source_broker on source (id) where broker_sealed is not null;

-- How each live node fares with it.
create table broker_reader (
  source_id uuid not null references source (id) on delete cascade,
  node_id uuid not null,
  tenant_id uuid not null,
  state text not null check (state in ('connecting', 'reading', 'waiting', 'failing')),
  -- Why, in words that hold no secret; null: nothing is wrong.
  reason text,
  since timestamptz not null default now(),
  primary key (source_id, node_id)
);

-- What one node at a time has of a broker (a stream, a kept session), and how far it was read.
create table broker_slot (
  source_id uuid not null references source (id) on delete cascade,
  name text not null,
  tenant_id uuid not null,
  -- Null, or of a node that is gone: anybody's.
  node_id uuid,
  position text,
  primary key (source_id, name)
);
