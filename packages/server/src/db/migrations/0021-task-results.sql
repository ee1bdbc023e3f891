-- What a background task found out, where that is what it is for.
alter table job add column result jsonb;
