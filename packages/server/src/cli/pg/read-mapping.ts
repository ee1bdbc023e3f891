/** From the options of `pombo pg install` to mappings, checked against the tables that there are. */
import { nearest } from '../../core/nearest.ts'
import type { Queryable } from '../../db/pool.ts'
import { eventPattern, type Mapping, type Operation, shown } from './mapping.ts'
import { agentesPreset, presetTables } from './preset.ts'
import { splitNames } from './quote.ts'
import { type TableFacts, tableNames, tablesNamed } from './catalog/store.ts'

export interface MappingOptions {
  table: string | undefined
  event: string | undefined
  columns: string | undefined
  on: readonly Operation[]
  when: string | undefined
  key: string | undefined
  'on-error': Mapping['onError']
  preset: 'agentes' | undefined
}

export type ReadMappings =
  | { ok: true; mappings: Mapping[]; notes: string[] }
  | { ok: false; problems: string[] }

/** What the options lack or contradict, before any database is asked. */
export function optionProblems(options: MappingOptions): string[] {
  const { table, event, columns, preset } = options
  const problems: string[] = []
  const given = (['table', 'event', 'columns', 'when', 'key'] as const).filter(
    (name) => options[name] !== undefined,
  )
  if (preset !== undefined && given.length > 0)
    problems.push(`--preset brings tables, events and columns; leave out --${given.join(', --')}.`)
  if (preset === undefined && given.length > 0)
    for (const [name, value] of Object.entries({ table, event, columns }))
      if (value === undefined) problems.push(`--${name} is needed, beside --${given.join(', --')}.`)
  if (event !== undefined && !eventPattern.test(event))
    problems.push(
      `--event cannot be "${event}": an event type has 1 to 256 letters, digits, "-", "_" and ".".`,
    )
  return problems
}

export async function readMappings(db: Queryable, options: MappingOptions): Promise<ReadMappings> {
  if (options.preset !== undefined) return await readPreset(db, options['on-error'])
  if (options.table === undefined) return { ok: true, mappings: [], notes: [] }
  const found = await findTable(db, options.table)
  if ('problem' in found) return { ok: false, problems: [found.problem] }
  return mappingsOf(found, options)
}

async function readPreset(db: Queryable, onError: Mapping['onError']): Promise<ReadMappings> {
  const tables: TableFacts[] = []
  const problems: string[] = []
  for (const name of presetTables) {
    const found = await findTable(db, `public.${name}`)
    if ('problem' in found) problems.push(found.problem)
    else tables.push(found)
  }
  if (problems.length > 0) {
    problems.push(
      'The preset needs all five tables; install those that there are one by one, with --table and --event.',
    )
    return { ok: false, problems }
  }
  const preset = agentesPreset(tables, onError)
  if (!preset.ok) return { ok: false, problems: [preset.problem] }
  return { ok: true, mappings: preset.mappings, notes: [] }
}

async function findTable(db: Queryable, given: string): Promise<TableFacts | { problem: string }> {
  const names = splitNames(given, '.')
  if (!names || names.length > 2)
    return { problem: `--table cannot be "${given}": it takes a table, or schema.table.` }
  const [schema, name] = names.length === 2 ? names : [undefined, names[0]]
  const [found] = await tablesNamed(db, schema, name!)
  if (!found) {
    const all = (await tableNames(db)).map((one) => shown(one))
    const meant = nearest(given, all) ?? nearest(`public.${given}`, all)
    return {
      problem: `There is no table ${given} in this database.${meant ? ` Did you mean ${meant}?` : ''}`,
    }
  }
  if (found.kind === 'r' || found.kind === 'p') return found
  return {
    problem:
      `${shown(found)} is a ${kinds[found.kind] ?? 'thing'}, and only tables have triggers ` +
      'that see each change; name the table behind it.',
  }
}

const kinds: Record<string, string> = { v: 'view', m: 'materialized view', f: 'foreign table' }

function mappingsOf(table: TableFacts, options: MappingOptions): ReadMappings {
  const problems: string[] = []
  const notes: string[] = []
  const columns = columnsOf(table, '--columns', options.columns!, problems)
  const key = keyOf(table, options.key, problems)
  const telling = columns.filter((name) => /passw|secret|token|hash|api_?key|private/i.test(name))
  if (telling.length > 0)
    notes.push(
      `Look at ${telling.join(', ')} again: it sounds like a secret, and it will leave the database with every event.`,
    )
  if (key === null && options.key === undefined)
    notes.push(
      `${shown(table)} has no primary key, so its events have no order among themselves; ` +
        '--key names columns to order by.',
    )
  if (problems.length > 0) return { ok: false, problems }
  const mappings = options.on.map((operation) => ({
    table,
    operation,
    event: options.event!,
    columns,
    key,
    when: options.when ?? null,
    onError: options['on-error'],
  }))
  return { ok: true, mappings, notes }
}

function columnsOf(table: TableFacts, option: string, given: string, problems: string[]): string[] {
  const names = splitNames(given, ',')
  if (!names || names.includes('*')) {
    problems.push(
      `${option} names each column that may leave the database, such as ` +
        `${table.columns.slice(0, 3).join(',')}; "*" would let out whatever is added later. ` +
        `${shown(table)} has ${table.columns.join(', ')}.`,
    )
    return []
  }
  const found: string[] = []
  for (const name of names) {
    const column =
      table.columns.find((one) => one === name) ??
      table.columns.find((one) => one === name.toLowerCase())
    if (column !== undefined && !found.includes(column)) found.push(column)
    if (column !== undefined) continue
    const meant = nearest(name, table.columns)
    problems.push(
      `${shown(table)} has no column ${name} ` +
        `(${option}).${meant ? ` Did you mean ${meant}?` : ` It has ${table.columns.join(', ')}.`}`,
    )
  }
  return found
}

/** `--key id`, `--key conversation:conversation_id`, `--key none`; unset: the primary key. */
function keyOf(table: TableFacts, given: string | undefined, problems: string[]): Mapping['key'] {
  if (given === 'none') return null
  if (given === undefined)
    return table.primaryKey.length === 0 ? null : { prefix: table.name, columns: table.primaryKey }
  const colon = given.indexOf(':')
  const prefix = colon < 0 ? table.name : given.slice(0, colon)
  const columns = columnsOf(table, '--key', given.slice(colon + 1), problems)
  return { prefix, columns }
}
