-- Gateways that send events in by HTTP, the sessions behind them, and what those sessions told.

create table source (
  id uuid primary key,
  tenant_id uuid not null references tenant (id) on delete cascade,
  -- The session it is for; with 'any', the app where it is kept.
  app_id uuid not null references app (id) on delete cascade,
  -- By its name in /ingest/{gateway}/…
  gateway text not null,
  name text not null,
  -- 'own': everything goes to the app. 'any': to the session's app, which is made when the session is first heard of.
  sessions text not null default 'own' check (sessions in ('own', 'any')),
  -- SHA-256 of 256 random bits. Null: made by itself for a gateway that comes with an API key.
  token_hash bytea unique,
  token_hint text,
  -- What the gateway signs with; null: it is not asked to.
  secret_sealed bytea,
  filters jsonb not null default '{}',
  media text not null default 'link' check (media in ('link', 'inline')),
  -- Files of fewer bytes stay in the payload.
  media_min_bytes integer not null default 262144 check (media_min_bytes between 1024 and 16777216),
  dedupe_seconds integer not null default 86400 check (dedupe_seconds between 60 and 2592000),
  -- Null: silence is no alarm.
  silence_minutes integer check (silence_minutes between 1 and 43200),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index source_name on source (app_id, name);

-- A session that a source has told of, and when it last spoke.
create table source_session (
  source_id uuid not null references source (id) on delete cascade,
  app_id uuid not null references app (id) on delete cascade,
  tenant_id uuid not null,
  last_event_at timestamptz,
  -- Set while the alarm stands: since when nothing had come.
  silent_since timestamptz,
  created_at timestamptz not null default now(),
  primary key (source_id, app_id)
);
create index source_session_app on source_session (app_id);

-- What became of the events, counted by the minute: one row for each `what`, so that reasons can be told apart.
create table source_stat (
  source_id uuid not null,
  app_id uuid not null,
  minute timestamptz not null,
  -- 'received', 'accepted', 'duplicate', 'filtered:<reason>', 'skipped', 'unrecognised', 'refused', 'bad_signature'
  what text not null,
  tenant_id uuid not null,
  n bigint not null,
  primary key (source_id, app_id, minute, what)
);
create index source_stat_minute on source_stat using brin (minute);

-- Names and pictures of people and groups, and which LID is which phone number, as a session's own events told them.
create table profile (
  app_id uuid not null references app (id) on delete cascade,
  jid text not null,
  tenant_id uuid not null,
  alt_jid text,
  name text,
  image_url text,
  updated_at timestamptz not null default now(),
  primary key (app_id, jid)
);

-- Files that were taken out of payloads, once each.
create table media (
  id uuid primary key,
  tenant_id uuid not null references tenant (id) on delete cascade,
  sha256 bytea not null,
  mimetype text not null,
  size_bytes integer not null,
  bytes bytea not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);
create unique index media_content on media (tenant_id, sha256, mimetype);
create index media_expires on media (expires_at);
-- Files are compressed already; stored as they are, any part of them can be read by itself.
alter table media alter column bytes set storage external;
