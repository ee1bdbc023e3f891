-- The time over which an endpoint's rate counts: throttle_rate requests in each.
alter table endpoint add column throttle_window_ms integer not null default 1000 check (throttle_window_ms between 1000 and 86400000);
