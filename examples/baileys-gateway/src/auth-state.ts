/** Baileys' login in PostgreSQL: what `useMultiFileAuthState` keeps in files, one row each. One process a session. */
import {
  type AuthenticationCreds,
  type AuthenticationState,
  BufferJSON,
  initAuthCreds,
  proto,
  type SignalDataSet,
  type SignalDataTypeMap,
} from 'baileys'
import type { Pool, PoolClient } from 'pg'

export interface AuthStore {
  state: AuthenticationState
  /** Writes `state.creds` as they are now. */
  saveCreds(): Promise<void>
  /** Forgets the login: the next start shows a code to scan. */
  forget(): Promise<void>
  /** Resolves when everything is written that was asked for. */
  settled(): Promise<void>
}

interface Row {
  kind: string
  id: string
  value: string | null
}

export async function openAuthStore(pool: Pool, session: string): Promise<AuthStore> {
  await pool.query(`
    create table if not exists baileys_auth (
      session text not null,
      -- 'creds', or the kind of key
      kind text not null,
      id text not null,
      value text not null,
      primary key (session, kind, id)
    )`)
  const [saved] = await read(pool, session, 'creds', [''])
  const creds: AuthenticationCreds = saved
    ? (decode(saved.value!) as AuthenticationCreds)
    : initAuthCreds()

  // One after another: of two writes of one key the later has to stay.
  let last: Promise<unknown> = Promise.resolve()
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }

  return {
    state: {
      creds,
      keys: {
        async get<Kind extends keyof SignalDataTypeMap>(kind: Kind, ids: string[]) {
          const rows = await read(pool, session, kind, ids)
          return Object.fromEntries(
            rows.map(({ id, value }) => [id, keyOf(kind, decode(value!))]),
          ) as Record<string, SignalDataTypeMap[Kind]>
        },
        async set(data) {
          const rows = rowsOf(data)
          if (rows.length > 0) await inTurn(() => write(pool, session, rows))
        },
      },
    },
    async saveCreds() {
      const rows = [{ kind: 'creds', id: '', value: encode(creds) }]
      await inTurn(() => write(pool, session, rows))
    },
    async forget() {
      await inTurn(async () => {
        await pool.query('delete from baileys_auth where session = $1', [session])
      })
    },
    async settled() {
      await last
    },
  }
}

/** Taken at once, before Baileys goes on to change them. */
function rowsOf(data: SignalDataSet): Row[] {
  return Object.entries(data).flatMap(([kind, keys]) =>
    Object.entries(keys ?? {}).map(([id, value]) => ({
      kind,
      id,
      value: value ? encode(value) : null,
    })),
  )
}

async function read(pool: Pool, session: string, kind: string, ids: string[]): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    'select kind, id, value from baileys_auth where session = $1 and kind = $2 and id = any($3)',
    [session, kind, ids],
  )
  return rows
}

/** All of them or none: half of a step of the ratchet would make messages unreadable. */
async function write(pool: Pool, session: string, rows: Row[]): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await writeRows(client, session, rows)
    await client.query('commit')
    client.release()
  } catch (error) {
    // A connection in the middle of a transaction is of no use to the next.
    client.release(true)
    throw error
  }
}

async function writeRows(client: PoolClient, session: string, rows: Row[]): Promise<void> {
  const kept = rows.filter(({ value }) => value !== null)
  const gone = rows.filter(({ value }) => value === null)
  const column = (from: Row[], name: keyof Row) => from.map((row) => row[name])
  if (kept.length > 0)
    await client.query(
      `insert into baileys_auth (session, kind, id, value)
       select $1, * from unnest($2::text[], $3::text[], $4::text[])
       on conflict (session, kind, id) do update set value = excluded.value`,
      [session, column(kept, 'kind'), column(kept, 'id'), column(kept, 'value')],
    )
  if (gone.length > 0)
    await client.query(
      `delete from baileys_auth where session = $1
       and (kind, id) in (select * from unnest($2::text[], $3::text[]))`,
      [session, column(gone, 'kind'), column(gone, 'id')],
    )
}

function encode(value: unknown): string {
  return JSON.stringify(value, BufferJSON.replacer)
}

function decode(text: string): unknown {
  return JSON.parse(text, BufferJSON.reviver)
}

/** Baileys wants this one kind back as an object of protobuf's class. */
function keyOf(kind: keyof SignalDataTypeMap, value: unknown): unknown {
  return kind === 'app-state-sync-key'
    ? proto.Message.AppStateSyncKeyData.fromObject(value as object)
    : value
}
