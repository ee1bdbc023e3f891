-- How requests to an endpoint say who sends them (a bearer token, a password, OAuth2), and the certificates that TLS to
-- it is made with. Sealed, as the headers are.
alter table endpoint add column auth_sealed bytea, add column tls_sealed bytea;
