-- Who carries the first request out: the key is free when that node's lease is over. The request's id is made before
-- the row, so that what was asked for over a connection that broke is known again. Null: by a node of before.
alter table idempotency add column node_id uuid, add column request_id uuid;
