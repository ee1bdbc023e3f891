-- Small things that a dialect keeps for itself, by a key of its own choice. Not for what grows with the messages.
create table dialect_note (
  tenant_id uuid not null references tenant (id) on delete cascade,
  dialect text not null,
  key text not null,
  value jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, dialect, key)
);
