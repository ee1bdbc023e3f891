-- What a consumer of a polling endpoint was given and has not committed: nobody else who reads as it gets it meanwhile.
alter table poller_consumer add column lease_id uuid;
alter table poller_consumer add column leased_until timestamptz;
-- The messages of the lease, in order, and the numbers by which they are committed.
alter table poller_consumer add column leased uuid[] not null default '{}';
alter table poller_consumer add column leased_offsets bigint[] not null default '{}';
-- The greatest number that was given out, and the greatest that is done with.
alter table poller_consumer add column last_offset bigint not null default 0;
alter table poller_consumer add column done_offset bigint not null default 0;
