-- Serves code from version 11.
-- Both names of the signature's headers at once, and a tenant's default for endpoints that it makes.
alter table endpoint drop constraint endpoint_signature_headers_check;
alter table endpoint add constraint endpoint_signature_headers_check check (signature_headers in ('webhook', 'svix', 'both'));
-- Null: POMBO_SIGNATURE_HEADERS.
alter table tenant add column signature_headers text check (signature_headers in ('webhook', 'svix', 'both'));
