-- The same reasons with their codes and values; good where its sentence is the reason beside it, which a node of an
-- earlier version sets alone.
alter table broker_reader add column reason_coded jsonb;
alter table source_session add column last_refusal_coded jsonb;
