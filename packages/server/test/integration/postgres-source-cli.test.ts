import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, pombo } from '../e2e/cli-process.ts'
import { createTestDatabase } from '../support/database.ts'
import { createSourceDatabase, type SourceDatabase } from '../support/source-database.ts'

// Each command is a process of its own, and one test calls a dozen.
vi.setConfig({ testTimeout: 120_000 })

let source: SourceDatabase

beforeEach(async () => {
  source = await createSourceDatabase()
})
afterEach(async () => {
  await endAll()
  await source.drop()
})
afterAll(endAll)

interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

async function pg(...args: string[]): Promise<Ran> {
  const [command, ...rest] = args
  const run = pombo(['pg', command!, '--url', source.url, ...rest])
  const code = await run.ended()
  return { code, stdout: run.stdout(), stderr: run.stderr() }
}

const install = (...args: string[]) => pg('install', '--yes', ...args)
const users = ['--table', 'public.users', '--event', 'user.registered', '--columns', 'id,email']
const sql = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
  (await source.pool.query<T & { [key: string]: unknown }>(text, values)).rows
interface Row {
  event_type: string
  record: unknown
  old_record: unknown
  ordering_key: string | null
}
const outbox = () =>
  sql<Row>('select event_type, record, old_record, ordering_key from pombo.outbox order by id')
const makeUsers = () =>
  sql('create table users (id int primary key, email text, password_hash text)')
/** Everything that a database's catalogue says of its own, grants included. */
const catalogue = () =>
  sql(`
    select 'class' as kind, relname::text || relkind::text || coalesce(relacl::text, '') as what
      from pg_class
     where relnamespace::regnamespace::text !~ '^pg_|information'
    union all
    select 'proc', proname::text || prosrc
      from pg_proc
     where pronamespace::regnamespace::text !~ '^pg_|information'
    union all
    select 'schema', nspname::text || coalesce(nspacl::text, '') from pg_namespace where nspname !~ '^pg_'
    union all
    select 'trigger', tgname::text || tgrelid::regclass::text from pg_trigger
    union all
    select 'type', typname::text from pg_type where typnamespace::regnamespace::text !~ '^pg_|information'
    union all
    select 'comment', description from pg_description where objoid > 16384
    union all
    select 'setting', setconfig::text
      from pg_db_role_setting
     where setdatabase = (select oid from pg_database where datname = current_database())
     order by 1, 2`)

test('the SQL is printed first and can be applied twice; a role without outbox rights writes the table', async () => {
  await makeUsers()
  const printed = await pg('install', '--print', ...users)
  expect(printed.code).toBe(0)
  expect(await sql(`select from pg_namespace where nspname = 'pombo'`)).toEqual([])
  // As a migration tool would.
  await source.pool.query(printed.stdout)
  const applied = await install(...users)
  expect(applied).toMatchObject({ code: 0, stdout: printed.stdout })
  expect(applied.stderr).toContain('insert on public.users is user.registered')
  await sql('create role writer_of_users')
  try {
    await sql('grant insert on users to writer_of_users')
    await sql(
      `set role writer_of_users; insert into users values (1, 'ana@example.com', 'hash'); reset role`,
    )
    const denied = async (text: string) => {
      const client = await source.pool.connect()
      await client.query('set role writer_of_users')
      await expect(client.query(text)).rejects.toThrow('permission denied')
      client.release(true)
    }
    await denied('select * from pombo.outbox')
    await denied(`select pombo.emit('a', '1')`)
    expect(await outbox()).toEqual([
      {
        event_type: 'user.registered',
        record: { id: 1, email: 'ana@example.com' },
        old_record: null,
        ordering_key: 'users:1',
      },
    ])
    const granted = await install('--emitter', 'writer_of_users', '--reader', 'writer_of_users')
    expect(granted.code).toBe(0)
    await sql(
      `set role writer_of_users; select pombo.emit('a', '1'); delete from pombo.outbox; reset role`,
    )
    expect(await outbox()).toEqual([])
  } finally {
    await sql('drop owned by writer_of_users; drop role writer_of_users')
  }
})

test('names and texts of any kind are quoted, and a condition cannot be a second statement', async () => {
  await sql('create schema "My ""Shop"""')
  await sql(
    `create table "My ""Shop"""."Or'ders" (
       "Na,me" text, "x\\y" text, "select" int, "Id" int, primary key ("Id", "Na,me"))`,
  )
  const weird = ['--table', `"My ""Shop"""."Or'ders"`, '--event', 'order.made']
  const columns = ['--columns', 'select,"Na,me",x\\y']
  expect(
    await install(...weird, ...columns, '--when', `new."select" > 1 or 'it''s' = '$pombo$'`),
  ).toMatchObject({ code: 0 })
  await sql(`insert into "My ""Shop"""."Or'ders" values ('a"b', 'c\\d', 2, 7), ('z', 'z', 1, 8)`)
  expect(await outbox()).toEqual([
    {
      event_type: 'order.made',
      record: { select: 2, 'Na,me': 'a"b', 'x\\y': 'c\\d' },
      old_record: null,
      ordering_key: `Or'ders:7,a"b`,
    },
  ])
  const status = JSON.parse((await pg('status', '--json')).stdout) as { triggers: unknown[] }
  expect(status.triggers).toMatchObject([
    {
      table: `"My ""Shop"""."Or'ders"`,
      columns: ['select', 'Na,me', 'x\\y'],
      key: `Or'ders:Id,Na,me`,
      lost: [],
    },
  ])
  const table = `"My ""Shop"""."Or'ders"`
  const attack =
    `true) execute function pombo.capture(); drop table ${table}; ` +
    `create trigger t after insert on ${table} for each row when (true`
  expect(await install(...weird, ...columns, '--when', attack)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('multiple commands'),
  })
  expect(await sql(`select from "My ""Shop"""."Or'ders"`)).toHaveLength(2)
})

test('what does not exist, or cannot be watched, is refused in words that help, and nothing is changed', async () => {
  await makeUsers()
  await sql('create view people as select * from users')
  const refusal = async (...args: string[]) => {
    const { code, stderr } = await install(...args)
    expect(code).toBe(2)
    return stderr
  }
  const event = ['--event', 'user.registered']
  expect(await refusal('--table', 'user', ...event, '--columns', 'id')).toContain(
    'There is no table user in this database. Did you mean public.users?',
  )
  expect(await refusal('--table', 'people', ...event, '--columns', 'id')).toContain(
    'public.people is a view, and only tables have triggers',
  )
  expect(await refusal('--table', 'users', ...event, '--columns', 'id,emial')).toContain(
    'public.users has no column emial (--columns). Did you mean email?',
  )
  expect(await refusal('--table', 'users', ...event, '--columns', '*')).toContain(
    'It has id, email, password_hash'.replace('It has', 'public.users has'),
  )
  expect(await refusal('--table', 'users', ...event)).toContain('--columns is needed')
  expect(await refusal('--table', 'users', '--event', 'a b', '--columns', 'id')).toContain(
    '--event cannot be "a b"',
  )
  expect(await refusal('--preset', 'agentes', '--table', 'users')).toContain('leave out --table')
  expect(await refusal('--preset', 'agentes')).toContain('There is no table public.agents')
  expect((await pg('install', ...users)).stderr).toContain('repeat the command with --yes')
  expect((await pg('status')).stderr).toContain('There is no outbox')
  expect(await sql(`select from pg_namespace where nspname = 'pombo'`)).toEqual([])
  expect(
    (await install('--table', 'USERS', '--event', 'a', '--columns', 'ID,password_hash')).stderr,
  ).toContain('Look at password_hash again')
})

test('an event that cannot be written fails the change, or is lost with a warning where that was asked', async () => {
  await makeUsers()
  await install(...users)
  await sql('alter table pombo.outbox add constraint full_up check (id < 0) not valid')
  await expect(sql(`insert into users values (1, 'a', 'h')`)).rejects.toThrow('full_up')
  await install(...users, '--on-error', 'warn')
  const client = await source.pool.connect()
  const warnings: string[] = []
  client.on('notice', ({ message }) => warnings.push(message ?? ''))
  await client.query(`insert into users values (1, 'a', 'h')`)
  client.release()
  expect(warnings).toEqual([
    expect.stringContaining('an event user.registered of public.users was lost'),
  ])
  expect(await sql('select from users')).toHaveLength(1)
})

test('changes of a partition are those of its table', async () => {
  await sql('create table logs (id int, day date) partition by range (day)')
  await sql(
    `create table logs_2026 partition of logs for values from ('2026-01-01') to ('2027-01-01')`,
  )
  await install(
    '--table',
    'logs',
    '--event',
    'log.made',
    '--columns',
    'id',
    '--on',
    'insert,delete',
  )
  await sql(`insert into logs values (1, '2026-05-05')`)
  await sql('delete from logs_2026')
  expect(
    await sql('select op, table_name, record, old_record from pombo.outbox order by id'),
  ).toEqual([
    { op: 'INSERT', table_name: 'logs', record: { id: 1 }, old_record: null },
    { op: 'DELETE', table_name: 'logs', record: null, old_record: { id: 1 } },
  ])
  const { triggers } = JSON.parse((await pg('status', '--json')).stdout) as { triggers: unknown[] }
  expect(triggers).toHaveLength(2)
})

test('the preset makes the events of the five tables, an integration only when its status says so', async () => {
  await sql(
    'create table users (id int primary key, email text, name text, encrypted_password text)',
  )
  await sql('create table agents (id int primary key, user_id int, name text, api_key text)')
  await sql('create table conversations (id int primary key, agent_id int)')
  await sql('create table messages (id int primary key, conversation_id int, content text)')
  await sql(
    `create table external_integrations (
       id int primary key, user_id int, provider text, status text, credentials jsonb)`,
  )
  expect(await install('--preset', 'agentes')).toMatchObject({ code: 0 })
  await sql(`insert into users values (1, 'a@b', 'Ana', 'secret')`)
  await sql(`insert into agents values (2, 1, 'Vendas', 'secret')`)
  await sql('insert into conversations values (3, 2)')
  await sql(`insert into messages values (4, 3, 'Olá')`)
  const integrations = 'external_integrations'
  await sql(`insert into ${integrations} values (5, 1, 'whatsapp', 'pending', '{"t": "secret"}')`)
  await sql(`insert into ${integrations} values (6, 1, 'OpenAI', 'active', '{"t": "secret"}')`)
  await sql(`update ${integrations} set status = 'connected'`)
  await sql(`update ${integrations} set user_id = 2`)
  await sql(`update ${integrations} set status = 'error' where id = 5`)
  const rows = await outbox()
  expect(rows.map(({ event_type, ordering_key }) => [event_type, ordering_key])).toEqual([
    ['user.registered', 'user:1'],
    ['agent.created', 'agent:2'],
    ['conversation.created', 'conversation:3'],
    ['conversation.message.added', 'conversation:3'],
    ['integration.openai.connected', 'integration:6'],
    ['integration.whatsapp.connected', 'integration:5'],
    ['integration.disconnected', 'integration:5'],
  ])
  expect(JSON.stringify(rows)).not.toContain('secret')
  expect(rows.at(-1)).toMatchObject({
    record: { id: 5, user_id: 2, provider: 'whatsapp', status: 'error' },
    old_record: { status: 'connected' },
  })
})

test('status shows triggers, what waits and what was refused; retry puts it back', async () => {
  await makeUsers()
  await install(...users, '--when', "new.email <> ''")
  expect((await pg('status')).stdout).toContain('insert on public.users is user.registered')
  await sql(`insert into users values (1, 'a@b', 'h')`)
  await sql(`update pombo.outbox set created_at = now() - interval '2 hours'`)
  await sql(
    `insert into pombo.outbox_refused (id, event_id, event_type, data, error)
     values (100, gen_random_uuid(), 'a.b', '1', 'it was odd')`,
  )
  await sql('alter table users rename column email to mail')
  const status = await pg('status')
  expect(status.code).toBe(1)
  for (const said of [
    'waiting: 1, the oldest for 2h',
    'last: a.b (row 100)',
    'it was odd',
    'when (new.mail',
    'public.users no longer has email',
    'No Pombo takes the events',
  ])
    expect(status.stdout).toContain(said)
  expect((await pg('retry')).stdout).toContain('1 event(s) are back')
  expect(await sql('select id, event_type from pombo.outbox order by id')).toEqual([
    { id: 1, event_type: 'user.registered' },
    { id: 100, event_type: 'a.b' },
  ])
})

test('uninstall takes one mapping away, or all without a trace; waiting events need a word of their own', async () => {
  await makeUsers()
  const before = await catalogue()
  await install(...users, '--emitter', 'public')
  await install('--table', 'users', '--event', 'user.gone', '--columns', 'id', '--on', 'delete')
  expect((await pg('uninstall', '--yes', '--event', 'user.gone')).code).toBe(0)
  await sql(`insert into users values (1, 'a@b', 'h')`)
  await sql('delete from users')
  expect(await outbox()).toHaveLength(1)
  const refused = await pg('uninstall', '--yes')
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--discard') })
  expect(await outbox()).toHaveLength(1)
  expect((await pg('uninstall', '--yes', '--discard')).code).toBe(0)
  expect(await catalogue()).toEqual(before)
})

test("what others put into the schema stays, and a table that only has the outbox's name is not touched", async () => {
  await install()
  await sql('create table pombo.theirs (id int)')
  const { code, stderr } = await pg('uninstall', '--yes')
  expect(code).toBe(0)
  expect(stderr).toContain('others made theirs in it')
  expect(
    await sql(`select relname from pg_class where relnamespace = 'pombo'::regnamespace`),
  ).toEqual([{ relname: 'theirs' }])
  await sql('create table pombo.outbox (mine text)')
  for (const command of ['install', 'uninstall'])
    expect((await pg(command, '--yes')).stderr).toContain('that Pombo did not make')
})

test("in Pombo's own database a schema taking over the role's search path is refused, with the way out", async () => {
  const own = await createTestDatabase()
  // The embedded server's role is called that; another server may have none.
  const { rowCount: there } = await own.pool.query(`select from pg_roles where rolname = 'pombo'`)
  if (there === 0) await own.pool.query('create role pombo login')
  try {
    const run = async () => {
      const ran = pombo(['pg', 'install', '--yes', '--url', own.url])
      return { code: await ran.ended(), stderr: ran.stderr() }
    }
    const refused = await run()
    expect(refused.code).toBe(1)
    const [, remedy] = /Say first: (alter role .*?);/.exec(refused.stderr) ?? []
    await own.pool.query(remedy!)
    expect(await run()).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Pombo’s own database'),
    })
  } finally {
    if (there === 0) await own.pool.query('drop owned by pombo; drop role pombo')
    await own.drop()
  }
})
