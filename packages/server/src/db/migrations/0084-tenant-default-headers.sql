-- Headers that go along with every request to a tenant's endpoints; sealed, as an endpoint's own are.
alter table tenant add column default_headers_sealed bytea;
