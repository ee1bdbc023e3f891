-- Files that were taken out of payloads, of tenants who have payloads sealed: the id of the key that sealed them; null: stored as they came.
-- `size_bytes` is then that of the file and not of `bytes`, and `sha256` a keyed digest, so that nobody can try whether a known file is here.
alter table media add column seal_key bytea;
