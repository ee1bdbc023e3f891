-- Whoever reads messages in the order of their ids reads them three seconds after they were made (api/pollers/read.ts).
-- One that is stored later than that, by a node that stood still or was cut off, would be passed over for ever: its
-- statement is refused, and it is stored under a new id. Stable, so that it is asked once a statement.
create function stored_in_time(made_ms float8) returns boolean language plpgsql stable as $$
declare
  now_ms constant float8 := extract(epoch from clock_timestamp()) * 1000;
begin
  if now_ms - made_ms > 2000 then
    raise exception 'the messages were made too long ago' using errcode = 'PB001', detail = now_ms::text;
  end if;
  return true;
end $$;
