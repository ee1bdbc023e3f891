-- Where consumers read an app's messages instead of having them sent: which messages, and how far each consumer is.
create table poller (
  id uuid primary key,
  tenant_id uuid not null references tenant (id) on delete cascade,
  app_id uuid not null references app (id) on delete cascade,
  uid text,
  name text not null default '',
  event_types text[],
  channels text[],
  filter text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index poller_uid on poller (app_id, uid) where uid is not null;
create index poller_list on poller (app_id, id);
create trigger audit after insert or update or delete on poller for each row execute function audit_change();

create table poller_consumer (
  poller_id uuid not null references poller (id) on delete cascade,
  name text not null,
  tenant_id uuid not null,
  -- The message that it has read last.
  after uuid not null,
  updated_at timestamptz not null default now(),
  primary key (poller_id, name)
);

-- Keys of one app for somebody's own software. The key is kept sealed, since it is shown again.
create table integration (
  id uuid primary key,
  tenant_id uuid not null references tenant (id) on delete cascade,
  app_id uuid not null references app (id) on delete cascade,
  name text not null,
  feature_flags text[] not null default '{}',
  key_id uuid not null,
  key_sealed bytea not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index integration_list on integration (app_id, id);
create trigger audit after insert or update or delete on integration for each row execute function audit_change();

-- What an app's token is for. Null: everything about the app. 'send': its messages are sent in. 'poll': `poller_id` is read.
alter table api_key add column use text check (use in ('send', 'poll', 'integration'));
alter table api_key add column poller_id uuid;
