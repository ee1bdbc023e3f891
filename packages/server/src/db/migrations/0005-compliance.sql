-- Who changed what; tenants kept apart inside the database; whose messages are whose, by keyed hashes.

alter table tenant
  -- JSON paths of values that name a person; null: none are kept, and a person's messages are found by reading.
  add column person_paths text[],
  add column encrypt_payloads boolean not null default false;

-- A UUIDv7 of the database's clock to the microsecond, so that what one transaction does stays in its order.
create function uuid_v7_fine() returns uuid language sql volatile as $$
  select encode(overlay(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send(us / 1000) from 3) from 1 for 6)
    placing substring(int4send(28672 + (us % 1000 * 4096 / 1000)::integer) from 3) from 7 for 2), 'hex')::uuid
    from (select (extract(epoch from clock_timestamp()) * 1000000)::bigint as us) clock
$$;

-- Written by triggers, so that no way of changing a row goes past it, in the transaction that changes the row.
create table audit_log (
  id uuid primary key default uuid_v7_fine(),
  tenant_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  -- The API key by which it was done; null: none.
  key_id uuid,
  -- The key's name, 'pombo' where Pombo did it by itself, the database's user where somebody did it there.
  actor text not null,
  -- For whom, as the caller said.
  on_behalf_of text,
  action text not null,
  -- The table, or what else was acted upon.
  kind text not null,
  target text not null,
  app_id uuid,
  -- By column: what it was, what it is. Of sealed and hashed columns only that they changed.
  changes jsonb not null
);
create index audit_log_list on audit_log (tenant_id, id);
create index audit_log_target on audit_log (tenant_id, target, id);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_append_only before update or delete or truncate on audit_log for each statement execute function refuse_audit_change();

-- `definer`, because who changes a row need not be somebody who may write here. The actor is what the transaction says it is (pombo.actor).
create function audit_change() returns trigger language plpgsql security definer set search_path from current as $$
declare
  before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  one jsonb := coalesce(after, before);
  actor jsonb := nullif(current_setting('pombo.actor', true), '')::jsonb;
  who uuid := (actor ->> 'keyId')::uuid;
  changed jsonb;
begin
  select jsonb_object_agg(c.key, case when c.key ~ '(hash|sealed)$' then '"hidden"'::jsonb else jsonb_build_array(before -> c.key, after -> c.key) end)
    into changed
    from jsonb_object_keys(one) as c (key)
   where c.key not in ('created_at', 'updated_at', 'last_used_at') and before -> c.key is distinct from after -> c.key
     and coalesce(nullif(before -> c.key, 'null'), nullif(after -> c.key, 'null')) is not null;
  if changed is null and tg_op = 'UPDATE' then return null; end if;
  insert into audit_log (tenant_id, key_id, actor, on_behalf_of, action, kind, target, app_id, changes)
  values (
    coalesce(one ->> 'tenant_id', one ->> 'id')::uuid,
    who,
    coalesce((select k.name from api_key k where k.id = who), actor ->> 'name', 'database user ' || session_user),
    actor ->> 'onBehalfOf',
    case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
    tg_table_name,
    coalesce(one ->> 'id', one ->> 'name'),
    coalesce(one ->> 'app_id', case when tg_table_name in ('app', 'device') then one ->> 'id' end)::uuid,
    coalesce(changed, '{}'));
  return null;
end $$;

create trigger audit after insert or update or delete on tenant for each row execute function audit_change();
create trigger audit after insert or update or delete on app for each row execute function audit_change();
create trigger audit after insert or update or delete on endpoint for each row execute function audit_change();
create trigger audit after insert or update or delete on endpoint_secret for each row execute function audit_change();
create trigger audit after insert or update or delete on event_type for each row execute function audit_change();
create trigger audit after insert or update or delete on source for each row execute function audit_change();
-- Not when a key is used, which is once a minute for each that is.
create trigger audit after insert or delete or update of tenant_id, app_id, name, hash, expires_at, revoked_at on api_key for each row execute function audit_change();

-- A role that reads one tenant: `set pombo.tenant = '<uuid>'`, and of that one organisation where `pombo.app` is set too. Give it to whoever looks into Pombo's
-- tables beside Pombo. It may write nothing; the policies hold for writing all the same, should somebody grant it. Pombo's own role owns the tables, to
-- which the policies do not apply.
do $$
begin
  if not exists (select from pg_roles where rolname = 'pombo_tenant') then create role pombo_tenant nologin; end if;
exception
  -- Another database of this server made it at the same time; or this user may not make roles, and then there is none to keep apart.
  when duplicate_object or unique_violation or insufficient_privilege then null;
end $$;

-- Puts every table that has tenants' rows under a policy, once; called after every migration. Tables without are not granted, nor are partitions, so
-- that what is new and not thought of cannot be reached.
create function isolate_tenants() returns void language plpgsql as $$
declare
  t record;
  app_set constant text := 'nullif(current_setting(''pombo.app'', true), '''')';
  own text;
  own_references text;
begin
  if not exists (select from pg_roles where rolname = 'pombo_tenant') then return; end if;
  for t in
    select c.oid, c.relname as name,
           case when c.relname = 'tenant' then 'id' else 'tenant_id' end as tenant,
           array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
           -- What is one with an app (a device) carries the app's id as its own.
           (select a.attname from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
             where k.conrelid = c.oid and k.contype = 'f' and k.confrelid = 'app'::regclass limit 1) as of_app
      from pg_class c
     where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and (c.relname = 'tenant' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
       and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'of_tenant')
  loop
    own := case
      when t.name = 'app' then format('id = %s::uuid', app_set)
      when 'app_id' = any(t.columns) then format('app_id = %s::uuid', app_set)
      when t.of_app is not null then format('%I = %s::uuid', t.of_app, app_set)
      when 'endpoint_id' = any(t.columns) then 'endpoint_id in (select e.id from endpoint e)'
      -- What belongs to no organisation is the tenant's own.
      else 'false'
    end;
    -- A row of one's own that points at another's app would bring its messages here: foreign keys look past policies.
    select coalesce(string_agg(format(' and (%1$I is null or %1$I in (select r.id from %2$I r)%3$s)', ref.name, ref.target, ref.besides), ''), '') into own_references
      from (values ('app_id', 'app', ''), ('endpoint_id', 'endpoint', ''), ('source_id', 'source', ''),
                   ('scope', 'app', ' or scope = current_setting(''pombo.tenant'')::uuid'), (t.of_app::text, 'app', '')) as ref (name, target, besides)
     where ref.name = any(t.columns);
    own := format('%I = current_setting(''pombo.tenant'')::uuid and (%s is null or %s)', t.tenant, app_set, own);
    execute format('alter table %I enable row level security', t.name);
    execute format('create policy of_tenant on %I to pombo_tenant using (%s) with check (%s)', t.name, own, own || own_references);
    execute format('grant select on %I to pombo_tenant', t.name);
  end loop;
  execute format('grant usage on schema %I to pombo_tenant', current_schema());
end $$;

-- Whose messages are whose: of what names a person, an HMAC under a key of the ring. What is in here cannot be read back, nor guessed without that key.
create table message_person (
  tenant_id uuid not null,
  hash bytea not null,
  message_id uuid not null,
  app_id uuid not null,
  primary key (tenant_id, hash, message_id)
) partition by range (message_id);
