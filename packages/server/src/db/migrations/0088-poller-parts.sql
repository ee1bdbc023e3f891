-- The last number that the lease in force gave out, with which it ends: behind it stands what was given out before, and
-- comes again in later parts. Null: all that was given out.
alter table poller_consumer add column given_offset bigint;
