-- Devices that are watched: what they said last, and the websocket of the gateway that is followed for them.
create table device (
  -- The device's app.
  id uuid primary key references app (id) on delete cascade,
  tenant_id uuid not null,
  -- The websocket's URL, which may carry a password; null: its events come by HTTP alone.
  gateway_sealed bytea,
  -- One of the six statuses; null: nothing was heard yet.
  status text,
  -- What its connection was last said to be (login_success, connected, disconnected, auth_failed): only a change of it is an event.
  connection text,
  last_type text,
  last_code text,
  last_message text,
  last_at timestamptz,
  -- Events made of the websocket's frames so far; the number makes an event known as a repeat.
  events bigint not null default 0,
  -- An event that was decided on together with the state above, until it is accepted.
  pending text,
  -- The node that follows the websocket; counts while that node lives.
  node_id uuid,
  followed_since timestamptz,
  -- Why the websocket is not open; null while it is.
  problem text,
  updated_at timestamptz not null default now()
);
create index device_followed on device (id) where gateway_sealed is not null;

-- Its gateway is set by people; what it says and who follows it is not.
create trigger audit after insert or delete or update of gateway_sealed on device for each row execute function audit_change();
