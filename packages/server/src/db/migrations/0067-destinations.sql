-- Where an endpoint's messages go when it is not an address that takes a POST: sealed JSON, since most of it opens something.
alter table endpoint add column destination_sealed bytea;
