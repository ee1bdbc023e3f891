-- Endpoints and sources are listed over all apps of a tenant, in the order of their ids.
create index endpoint_of_tenant on endpoint (tenant_id, id);
create index source_of_tenant on source (tenant_id, id);
