-- The content type of payloads that were sent in raw (transformationsParams.rawPayload): their text is delivered as it is, and may be anything.
-- Null: the payload is JSON.
alter table message add column content_type text;
