-- What went through, counted: by the minute, the hour and the day. Nodes count in memory and add what they counted every few seconds, so
-- these are for looking at; what was delivered, exactly, stands in endpoint_stat and in the history.
create table traffic (
  tenant_id uuid not null,
  -- The nil uuid: all of the tenant's.
  app_id uuid not null,
  -- 0 minute, 1 hour, 2 day (UTC)
  grain smallint not null,
  -- The nil uuid: all of the app's. Rows are of one endpoint, or of one event type, or of all: never of an endpoint's event type, whose
  -- number would be the product of the two.
  endpoint_id uuid not null,
  -- '': all
  event_type text not null,
  at timestamptz not null,
  messages bigint not null,
  delivered bigint not null,
  exhausted bigint not null,
  discarded bigint not null,
  attempts bigint not null,
  failed_attempts bigint not null,
  -- How many attempts took how long, and how long delivered messages had been on their way: by the bounds of traffic/histogram.ts.
  a0 int not null, a1 int not null, a2 int not null, a3 int not null, a4 int not null, a5 int not null, a6 int not null, a7 int not null,
  a8 int not null, a9 int not null, a10 int not null, a11 int not null, a12 int not null, a13 int not null, a14 int not null, a15 int not null,
  a16 int not null, a17 int not null, a18 int not null, a19 int not null, a20 int not null, a21 int not null,
  d0 int not null, d1 int not null, d2 int not null, d3 int not null, d4 int not null, d5 int not null, d6 int not null, d7 int not null,
  d8 int not null, d9 int not null, d10 int not null, d11 int not null, d12 int not null, d13 int not null, d14 int not null, d15 int not null,
  d16 int not null, d17 int not null, d18 int not null, d19 int not null, d20 int not null, d21 int not null,
  primary key (tenant_id, app_id, grain, endpoint_id, event_type, at)
) with (fillfactor = 70);
create index traffic_forget on traffic (grain, at);

-- Failed attempts by endpoint, cause and hour, with the last of them as a sample.
create table failure (
  tenant_id uuid not null,
  endpoint_id uuid not null,
  hour timestamptz not null,
  -- 'refused.503', 'timed-out.headers', 'unreachable.dns'
  cause text not null,
  app_id uuid not null,
  count bigint not null,
  -- Of these, the attempts after which the delivery was given up.
  given_up bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  message_id uuid not null,
  attempt_id uuid not null,
  primary key (tenant_id, endpoint_id, hour, cause)
) with (fillfactor = 80);
create index failure_hour on failure (tenant_id, hour);

-- Counting a tenant's endpoints by what they are.
create index endpoint_tenant on endpoint (tenant_id) include (disabled, paused);
