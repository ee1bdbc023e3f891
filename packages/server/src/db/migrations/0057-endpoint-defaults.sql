-- What holds for a tenant's endpoints that say nothing of their own: schedule, deadline, caps, circuit.
alter table tenant add column endpoint_defaults jsonb;
