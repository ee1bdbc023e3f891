/**
 * The SQL of the outbox, as `pombo pg install` prints and applies it. Every statement can be repeated. What is
 * written here is a contract with the reader (sources/postgres): its tables, columns and channel.
 */
import { type Mapping, shown, type TableName, triggerName } from './mapping.ts'
import { arrayText, identifier, literal } from './quote.ts'

/** One statement, and what it is for. */
export interface Statement {
  about: string
  sql: string
}

/** Comment on the outbox, by which it is told from a table that only has its name. */
export const mark = 'Pombo outbox, version 1'

export interface InstallPlan {
  /** `notify` wakes Pombo at each commit; `poll` spares the source's commits the lock that NOTIFY takes. */
  wake: 'notify' | 'poll'
  mappings: readonly Mapping[]
  /** Roles that may call pombo.emit. */
  emitters: readonly string[]
  /** Roles that Pombo may read the outbox as, besides its owner. */
  readers: readonly string[]
}

/** Everything an installation needs, in order. */
export function installStatements(plan: InstallPlan): Statement[] {
  const { mappings, emitters, readers } = plan
  return [
    ...tables,
    put(plan.wake),
    capture,
    emit(plan.wake),
    {
      about: 'Nobody calls these but who is allowed to below; triggers need no permission to run.',
      sql:
        'revoke all on function pombo.put(text, text, text, text, json, json, text[], text, ' +
        'text[]), pombo.capture(), pombo.emit(text, jsonb, text) from public',
    },
    ...emitters.flatMap(grantEmit),
    ...readers.flatMap(grantRead),
    ...mappings.map(trigger),
  ]
}

const columns = `event_type text not null,
  -- A change of a row; null for what pombo.emit was told.
  op text check (op in ('INSERT', 'UPDATE', 'DELETE')),
  table_schema text,
  table_name text,
  record json,
  old_record json,
  -- What pombo.emit was told.
  data json,
  ordering_key text,
  created_at timestamptz not null default clock_timestamp()`

const tables: readonly Statement[] = [
  { about: 'A schema of its own.', sql: 'create schema if not exists pombo' },
  {
    about: 'Events that Pombo has not taken yet. Rows are deleted when it has.',
    sql: `create table if not exists pombo.outbox (
  id bigint generated always as identity primary key,
  event_id uuid not null default gen_random_uuid(),
  ${columns},
  -- How often Pombo failed at it, and at what.
  attempts smallint not null default 0,
  error text
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)`,
  },
  {
    about:
      'Events that Pombo cannot take, and why. They wait here for a person; "pombo pg retry" puts them back.',
    sql: `create table if not exists pombo.outbox_refused (
  id bigint primary key,
  event_id uuid not null,
  ${columns},
  error text not null,
  refused_at timestamptz not null default now()
)`,
  },
  { about: 'By which Pombo knows it.', sql: `comment on table pombo.outbox is ${literal(mark)}` },
]

const notify = { notify: `\n  perform pg_catalog.pg_notify('pombo_outbox', '');`, poll: '' }

/**
 * JSON is cut and joined as text, so that every digit stays: `->` hands a value out as it is written. By loops,
 * because a query over `json_each` took more than twice as long, and every captured row pays for it.
 */
const put = (wake: InstallPlan['wake']): Statement => ({
  about: 'Writes one change down: the allowed columns of it, in their order.',
  sql: `create or replace function pombo.put(
  event_type text, op text, table_schema text, table_name text, new_row json, old_row json, columns text[],
  key_prefix text, key_columns text[])
returns void language plpgsql as $pombo$
<<put_values>>
declare
  column_name text;
  value text;
  record text;
  old_record text;
  key text;
begin
  foreach column_name in array columns loop
    value := new_row -> column_name;
    if value is not null then
      record := coalesce(record || ',', '') || to_json(column_name)::text || ':' || value;
    end if;
    value := old_row -> column_name;
    if value is not null then
      old_record := coalesce(old_record || ',', '') || to_json(column_name)::text || ':' || value;
    end if;
  end loop;
  foreach column_name in array key_columns loop
    value := coalesce(new_row, old_row) ->> column_name;
    if value is not null then key := coalesce(key || ',', '') || value; end if;
  end loop;
  insert into pombo.outbox (event_type, op, table_schema, table_name, record, old_record, ordering_key)
  values (put.event_type, put.op, put.table_schema, put.table_name,
          case when new_row is not null then ('{' || coalesce(put_values.record, '') || '}')::json end,
          case when old_row is not null then ('{' || coalesce(put_values.old_record, '') || '}')::json end,
          key_prefix || ':' || key);${notify[wake]}
end $pombo$`,
})

const call =
  'perform pombo.put(tg_argv[0], tg_op, tg_argv[5], tg_argv[6], new_row, old_row, ' +
  'tg_argv[1]::text[], tg_argv[2], tg_argv[3]::text[])'

const capture: Statement = {
  about:
    'The trigger: as its owner, so that who writes the tables needs no permission here. ' +
    'Arguments: event, columns, key, its columns, raise or warn, schema, table.',
  sql: `create or replace function pombo.capture() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $pombo$
declare
  new_row json;
  old_row json;
begin
  if tg_op <> 'DELETE' then new_row := row_to_json(new); end if;
  if tg_op <> 'INSERT' then old_row := row_to_json(old); end if;
  if tg_argv[4] = 'warn' then
    begin
      ${call};
    exception when others then
      raise warning 'Pombo: an event % of %.% was lost: %', tg_argv[0], tg_argv[5], tg_argv[6], sqlerrm;
    end;
  else
    ${call};
  end if;
  return null;
end $pombo$`,
}

const emit = (wake: InstallPlan['wake']): Statement => ({
  about:
    "For applications: an event of their own, in their own transaction. Answers the event's id.",
  sql: `create or replace function pombo.emit(event_type text, data jsonb, ordering_key text default null) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp as $pombo$
declare
  made uuid;
begin
  if coalesce(emit.event_type !~ '^[a-zA-Z0-9_.-]+$' or length(emit.event_type) > 256, true) then
    raise exception 'pombo.emit: an event type has 1 to 256 letters, digits, "-", "_" and "."; this one is %',
        coalesce(quote_literal(emit.event_type), 'null')
      using errcode = 'invalid_parameter_value';
  end if;
  if emit.data is null then
    raise exception 'pombo.emit: data is null; for an event without data give ''null''::jsonb'
      using errcode = 'null_value_not_allowed';
  end if;
  insert into pombo.outbox (event_type, data, ordering_key) values (emit.event_type, emit.data::json, emit.ordering_key)
    returning event_id into made;${notify[wake]}
  return made;
end $pombo$`,
})

function grantEmit(role: string): Statement[] {
  return [
    {
      about: `${role} may emit events.`,
      sql: `grant usage on schema pombo to ${identifier(role)}`,
    },
    {
      about: '',
      sql: `grant execute on function pombo.emit(text, jsonb, text) to ${identifier(role)}`,
    },
  ]
}

function grantRead(role: string): Statement[] {
  return [
    {
      about: `${role} may take what is in the outbox.`,
      sql: `grant usage on schema pombo to ${identifier(role)}`,
    },
    { about: '', sql: `grant select, update, delete on pombo.outbox to ${identifier(role)}` },
    { about: '', sql: `grant select, insert on pombo.outbox_refused to ${identifier(role)}` },
  ]
}

function trigger(mapping: Mapping): Statement {
  const { table, operation, event, columns: allowed, key, when, onError } = mapping
  const args = [
    event,
    arrayText(allowed),
    key?.prefix ?? '',
    arrayText(key?.columns ?? []),
    onError,
    table.schema,
    table.name,
  ]
  const condition = when === null ? '' : `\n  when (${when})`
  return {
    about: `${event}: ${operation} on ${shown(table)}.`,
    sql: `create or replace trigger ${identifier(triggerName(mapping))} after ${operation} on ${qualified(table)}
  for each row${condition}
  execute function pombo.capture(${args.map(literal).join(', ')})`,
  }
}

export function dropTrigger(table: TableName, name: string): Statement {
  return {
    about: '',
    sql: `drop trigger if exists ${identifier(name)} on ${qualified(table)}`,
  }
}

/** Everything but the triggers. The schema goes separately, since others may have put something into it. */
export const dropStatements: readonly Statement[] = [
  { about: '', sql: 'drop function if exists pombo.emit(text, jsonb, text)' },
  { about: '', sql: 'drop function if exists pombo.capture()' },
  {
    about: '',
    sql: 'drop function if exists pombo.put(text, text, text, text, json, json, text[], text, text[])',
  },
  { about: '', sql: 'drop table if exists pombo.outbox_refused' },
  { about: '', sql: 'drop table if exists pombo.outbox' },
]

export const dropSchema: Statement = { about: '', sql: 'drop schema if exists pombo' }

function qualified({ schema, name }: TableName): string {
  return `${identifier(schema)}.${identifier(name)}`
}

/** As a script that psql or a migration tool runs; one transaction. */
export function script(statements: readonly Statement[]): string {
  const body = statements.map(
    ({ about, sql }) => `${about === '' ? '' : `-- ${about.replaceAll('\n', ' ')}\n`}${sql};\n`,
  )
  return `begin;\n\n${body.join('\n')}\ncommit;\n`
}
