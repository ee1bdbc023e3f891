import type { Socket } from 'node:net'
import pg from 'pg'
import type { EndpointTls } from '../../core/endpoint-access.ts'
import { Declined } from '../contract/declined.ts'
import type { Connection, Item, Tools } from '../contract/kind.ts'
import { tlsOptions } from '../contract/network.ts'
import { propertiesOf } from '../contract/properties.ts'
import { type Cell, cells, postgresAddress, type PostgresSettings } from './settings.ts'
import { say } from '../../core/sentences/sentences.ts'
import { errorCode } from '../../core/thrown.ts'

export async function open(settings: PostgresSettings, tools: Tools): Promise<Connection> {
  const address = postgresAddress(settings)
  const socket = await tools.network.dial(address, tools.signal)
  const client = new pg.Client({
    host: address.hostname,
    port: address.port,
    user: address.username,
    password: address.password ?? '',
    database: address.path,
    application_name: tools.clientName,
    ssl: sslOf(address.sslMode, tools, address, tools.tls),
    stream: () => alreadyOpen(socket),
    keepAlive: true,
  })
  let cause: Error | undefined
  const { promise: broken, resolve } = Promise.withResolvers<Error>()
  client.on('error', (error) => (cause ??= error))
  client.on('end', () => resolve(cause ?? new Error('PostgreSQL closed the connection')))
  const giveUp = () => socket.destroy()
  tools.signal.addEventListener('abort', giveUp)
  try {
    await client.connect()
    let table: Table | undefined = await lookUp(client, settings)
    // One statement at a time is all that a connection does.
    let last: Promise<unknown> = Promise.resolve()
    const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
      const mine = last.then(work)
      last = mine.catch(() => {})
      return await mine
    }
    const add = async (item: Item): Promise<string> => {
      table ??= await lookUp(client, settings)
      try {
        return await insert(client, table, valuesOf(item))
      } catch (error) {
        // It may have been changed, and is looked at again.
        table = undefined
        throw error
      }
    }
    return {
      verify: async () => await tryInsert(client, table!),
      send: async (item) => await told(inTurn(async () => await add(item))),
      onBroken: (listener) => void broken.then(listener),
      async close() {
        // One that hangs does not take leave.
        client.end().catch(() => {})
        setTimeout(() => socket.destroy(), 1_000).unref()
      },
    }
  } catch (error) {
    socket.destroy()
    throw translated(error)
  } finally {
    tools.signal.removeEventListener('abort', giveUp)
  }
}

/** `pg` makes its connection by `connect`, and waits for the event. */
function alreadyOpen(socket: Socket): Socket {
  return Object.assign(socket, {
    connect() {
      process.nextTick(() => socket.emit('connect'))
      return socket
    },
  })
}

function sslOf(
  mode: string,
  { network }: Tools,
  host: { hostname: string; port: number },
  own: EndpointTls | null,
) {
  if (mode === 'disable') return false
  return { ...tlsOptions(network, host, own), rejectUnauthorized: mode !== 'require' }
}

/** The table, and which of its columns are filled. */
interface Table {
  name: string
  columns: [Cell, string][]
}

async function lookUp(
  client: pg.Client,
  { table, columns = {} }: PostgresSettings,
): Promise<Table> {
  const name = table.split('.').map(quoted).join('.')
  const { rows } = await client.query<{ found: boolean; columns: string[] }>(
    /* sql */ `
      select to_regclass($1) is not null as found,
             array(select attname::text from pg_attribute
                    where attrelid = to_regclass($1) and attnum > 0 and not attisdropped) as columns`,
    [name],
  )
  const { found, columns: there } = rows[0]!
  if (!found)
    throw new Declined('missing', say('table_missing', { table, sql: createTable(name) }), {
      field: 'table',
    })
  const named = cells.map((cell): [Cell, string] => [cell, columns[cell] ?? cell])
  const absent = named.find(
    ([cell, column]) => (cell === 'payload' || columns[cell]) && !there.includes(column),
  )
  if (absent)
    throw new Declined('missing', say('column_missing', { table, column: absent[1] }), {
      field: absent[0] === 'payload' && columns.payload === undefined ? 'table' : 'columns',
    })
  return { name, columns: named.filter(([, column]) => there.includes(column)) }
}

function createTable(name: string): string {
  return (
    `create table ${name} (id text primary key, event_type text not null, app text not null, ` +
    'ordering_key text, payload json not null, headers json not null, received_at timestamptz default now())'
  )
}

/** Into a transaction that is taken back: types, constraints and rights are found out now. */
async function tryInsert(client: pg.Client, table: Table): Promise<void> {
  await client.query('begin')
  try {
    await told(
      insert(client, table, {
        id: 'msg_trial',
        event_type: 'pombo.trial',
        app: 'trial',
        ordering_key: null,
        payload: '{}',
        headers: '{}',
        content_type: 'application/json',
      }),
      'table',
    )
  } finally {
    await client.query('rollback')
  }
}

function valuesOf(item: Item): Record<Cell, string | null> {
  const { envelope, body, headers } = item
  return {
    id: envelope.id,
    event_type: envelope.eventType,
    app: envelope.app,
    ordering_key: envelope.orderingKey,
    payload: body.toString(),
    headers: JSON.stringify(propertiesOf(item)),
    content_type: headers['content-type'] ?? 'application/json',
  }
}

async function insert(
  client: pg.Client,
  { name, columns }: Table,
  values: Record<Cell, string | null>,
): Promise<string> {
  const { rowCount } = await client.query(
    /* sql */ `
      insert into ${name} (${columns.map(([, column]) => quoted(column)).join(', ')})
      values (${columns.map((_, at) => `$${at + 1}`).join(', ')})
      on conflict do nothing`,
    columns.map(([cell]) => values[cell]),
  )
  return rowCount === 1 ? `a row of ${name}` : `the row was in ${name} already`
}

async function told<T>(work: Promise<T>, field = 'table'): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw translated(error, field)
  }
}

function quoted(name: string): string {
  return `"${name}"`
}

/** By the classes of SQLSTATE. */
function translated(error: unknown, field = 'url'): unknown {
  if (!(error instanceof Error) || error instanceof Declined) return error
  const code = errorCode(error)
  if (/does not support SSL/.test(error.message))
    return new Declined('refused', say('no_tls_there'))
  if (!/^[0-9A-Z]{5}$/.test(code) || code.startsWith('E')) return error
  const text = `PostgreSQL says: ${error.message} (${code})`
  if (code.startsWith('28')) return new Declined('credentials', text)
  if (code === '42501') return new Declined('forbidden', text, { field })
  if (code === '3D000') return new Declined('missing', text)
  if (code.startsWith('42')) return new Declined('missing', text, { field: 'table' })
  if (code.startsWith('53')) return new Declined('full', text)
  if (code.startsWith('22') || code.startsWith('23')) return new Declined('unfit', text, { field })
  return new Declined('refused', text, { field })
}
