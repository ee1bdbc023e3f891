-- A delivery that ends with an attempt has one row: the attempt says how it closed. `delivery` keeps those that are closed without one, and
-- those from before. Code from before would not find them there.
-- Serves code from version 12.
alter table attempt
  -- 'delivered', 'exhausted': the delivery that it closed; null: it went on, or another node had it.
  add column closes text,
  -- Why it was given up.
  add column reason text;

-- As `delivery_state`, for the attempts that closed something. Reads the kept days once; no node works meanwhile.
create index attempt_closed on attempt (endpoint_id, closes, message_id, id) where closes is not null;

-- How deliveries closed, in whichever shape. `row_id` finds the row's day, `id` is the delivery's. An attempt that closed nothing has no state,
-- so that whoever reads names the states that are meant: with a condition in here PostgreSQL would not merge the two in the order of an index.
create view history with (security_invoker = true) as
select d.id, d.id as row_id, d.tenant_id, d.app_id, d.endpoint_id, d.message_id, d.state, d.reason, d.attempts, d.event_type, d.closed_at
  from delivery d
 union all
select a.delivery_id, a.id, a.tenant_id, a.app_id, a.endpoint_id, a.message_id, a.closes, a.reason, a.number, a.event_type,
       a.created_at + a.duration_ms * interval '1 millisecond'
  from attempt a;

do $$
begin
  if exists (select from pg_roles where rolname = 'pombo_tenant') then grant select on history to pombo_tenant; end if;
end $$;
