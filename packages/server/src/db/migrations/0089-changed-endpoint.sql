-- The one endpoint of the app that changed (kind 'app'). Null: the app itself or any of its endpoints, as releases before
-- this one tell of every change; to them such a row says what it always did.
alter table change add column endpoint_id uuid;
