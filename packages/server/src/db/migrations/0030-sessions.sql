-- Who is signed in to the dashboard, what a key may do, and how each tenant's portal looks.

alter table api_key add column role text not null default 'administer' check (role in ('read', 'operate', 'administer'));

-- Somebody signed in by a key: counts as long as the key does, and not beyond `expires_at`.
create table session (
  id uuid primary key,
  tenant_id uuid not null,
  app_id uuid,
  key_id uuid not null references api_key (id) on delete cascade,
  -- Of 256 random bits, which the browser keeps in a cookie.
  hash bytea not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index session_key on session (key_id);
create index session_expires on session (expires_at);

create table portal_settings (
  tenant_id uuid primary key references tenant (id) on delete cascade,
  -- For the audit log, which names what was changed.
  id uuid not null default gen_random_uuid(),
  name text,
  logo_url text,
  theme text not null default 'auto' check (theme in ('auto', 'light', 'dark')),
  language text,
  accent text,
  accent_text text,
  -- Null: all.
  pages text[],
  -- Origins whose pages may frame the portal.
  allowed_origins text[] not null default '{}',
  updated_at timestamptz not null default now()
);
create trigger audit after insert or update or delete on portal_settings for each row execute function audit_change();
