-- How requests of a source of the kind `webhook` are read and verified (sources/gateway/scheme.ts).
alter table source add column webhook jsonb;
-- Where requests may come from: addresses and networks; null: anywhere.
alter table source add column allowed_ips text[];
-- Why a request was refused last, in words that hold nothing of the request's own.
alter table source_session add column last_refusal text;
alter table source_session add column last_refused_at timestamptz;
