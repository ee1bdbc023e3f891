import type { DeviceEvent } from '../../whatsapp/device/device-event.ts'
import type { Queryable } from '../../db/pool.ts'

export interface DeviceRow {
  id: string
  tenant_id: string
  gateway_sealed: Buffer | null
  status: string | null
  last_type: string | null
  last_code: string | null
  last_message: string | null
  last_at: Date | null
  followed_since: Date | null
  problem: string | null
}

const columns = /* sql */ `
  id, tenant_id, gateway_sealed, status, last_type, last_code, last_message, last_at, followed_since, problem`

/** Makes it, or sets its gateway; another gateway is followed from the beginning. */
export async function saveDevice(
  db: Queryable,
  device: { id: string; tenantId: string; gatewaySealed: Buffer | null },
): Promise<void> {
  await db.query(
    `insert into device (id, tenant_id, gateway_sealed) values ($1, $2, $3)
     on conflict (id) do update
        set gateway_sealed = excluded.gateway_sealed,
            node_id = null,
            followed_since = null,
            problem = null,
            updated_at = now()`,
    [device.id, device.tenantId, device.gatewaySealed],
  )
}

export async function readDevices(db: Queryable, ids: readonly string[]): Promise<DeviceRow[]> {
  const { rows } = await db.query<DeviceRow>(
    `select ${columns} from device where id = any($1::uuid[])`,
    [ids],
  )
  return rows
}

const told = /* sql */ `
  status = coalesce($3::text, device.status),
  last_type = $4::text,
  last_code = $5,
  last_message = $6,
  last_at = to_timestamp($7::float8 / 1000),
  connection = case when $4::text = 'container_event' then device.connection else $4::text end`

function tellValues({ reading, message, atMs }: DeviceEvent): unknown[] {
  return [reading.status, reading.type, reading.code, message, atMs]
}

/** What a report by HTTP says of the device, unless something later was said already. */
export async function noteReport(
  db: Queryable,
  device: { id: string; tenantId: string },
  event: DeviceEvent,
): Promise<void> {
  await db.query(
    `insert into device (id, tenant_id, status, last_type, last_code, last_message, last_at, connection)
     values ($1, $2, $3::text, $4::text, $5, $6, to_timestamp($7::float8 / 1000),
             nullif($4::text, 'container_event'))
     on conflict (id) do update
        set ${told}
      where device.last_at is null
         or device.last_at <= to_timestamp($7::float8 / 1000)`,
    [device.id, device.tenantId, ...tellValues(event)],
  )
}

/**
 * Notes an event of the websocket, if it is one: a report about the connection that says what was said last is none.
 * State and event are one write; whoever follows the device next accepts what this node could not.
 * @returns the event's number; undefined where it is none, or the device is another node's by now
 */
export async function noteTransition(
  db: Queryable,
  device: { id: string; node: string },
  event: DeviceEvent,
): Promise<number | undefined> {
  const { rows } = await db.query<{ events: number }>(
    `update device
        set events = events + 1, pending = $8, ${told}
      where id = $1
        and node_id = $2
        and pending is null
        and ($4::text = 'container_event' or connection is distinct from $4::text)
     returning events`,
    [device.id, device.node, ...tellValues(event), event.payload],
  )
  return rows[0]?.events
}

export interface Pending {
  number: number
  payload: string
}

/** The event that was decided on and may not be accepted yet. */
export async function pendingOf(
  db: Queryable,
  device: { id: string; node: string },
): Promise<Pending | undefined> {
  const { rows } = await db.query<{ events: number; pending: string }>(
    'select events, pending from device where id = $1 and node_id = $2 and pending is not null',
    [device.id, device.node],
  )
  return rows[0] && { number: rows[0].events, payload: rows[0].pending }
}

export async function settlePending(db: Queryable, id: string, number: number): Promise<void> {
  await db.query('update device set pending = null where id = $1 and events = $2', [id, number])
}

/** Whether the websocket is open (null), or why it is not. */
export async function noteSocket(
  db: Queryable,
  device: { id: string; node: string },
  problem: string | null,
): Promise<void> {
  await db.query(
    `update device
        set problem = $3, followed_since = case when $3::text is null then now() end
      where id = $1
        and node_id = $2`,
    [device.id, device.node, problem],
  )
}

const orphaned = /* sql */ `(
  node_id is null
  or not exists (select from node n where n.id = device.node_id and n.expires_at > now()))`

/** Takes devices whose websocket nobody follows, up to this node's share of all. */
export async function claimDevices(db: Queryable, node: string, liveNodes: number): Promise<void> {
  await db.query(
    `with share as (
       select ceil(count(*)::numeric / $2)::int - count(*) filter (where node_id = $1) as room
         from device
        where gateway_sealed is not null
     ),
     free as (
       select id
         from device
        where gateway_sealed is not null
          and ${orphaned}
        order by id
        limit greatest(0, (select room from share))
          for update skip locked
     )
     update device
        set node_id = $1, followed_since = null, problem = null
       from free
      where device.id = free.id`,
    [node, liveNodes],
  )
}

/** The devices that this node follows. */
export async function devicesOf(
  db: Queryable,
  node: string,
): Promise<{ id: string; tenantId: string; gatewaySealed: Buffer }[]> {
  const { rows } = await db.query<{ id: string; tenantId: string; gatewaySealed: Buffer }>(
    `select id, tenant_id as "tenantId", gateway_sealed as "gatewaySealed"
       from device
      where node_id = $1
        and gateway_sealed is not null`,
    [node],
  )
  return rows
}

/** Lets go of one, or of all that this node follows. */
export async function leaveDevices(db: Queryable, nodes: readonly string[]): Promise<void> {
  await db.query(
    'update device set node_id = null, followed_since = null where node_id = any($1::uuid[])',
    [nodes],
  )
}
