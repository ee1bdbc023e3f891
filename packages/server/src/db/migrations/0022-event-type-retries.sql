-- Milliseconds before each retry of messages of this type, to endpoints that have no schedule of their own; null: the dialect's.
alter table event_type add column retry_schedule_ms integer[];
