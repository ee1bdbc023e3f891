-- Whether endpoints may subscribe to event types that the tenant never made.
alter table tenant add column allow_unknown_event_types boolean not null default false;

alter table event_type add column group_name text;
-- What a payload that does not fit the newest schema means.
alter table event_type add column payload_check text not null default 'off'
  check (payload_check in ('off', 'report', 'refuse'));

-- Of an app's token: it sees the event types with one of these flags, and those without. Null: it sees all.
alter table api_key add column feature_flags text[];
