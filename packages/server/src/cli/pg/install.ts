import { list, oneOf, text } from '../../core/setting-kinds.ts'
import { exitCodes, flag, option } from '../command.ts'
import { tell } from '../output.ts'
import { type Mapping, type Operation, operations, shown, triggerName } from './mapping.ts'
import { optionProblems, readMappings } from './read-mapping.ts'
import { confirmed, foreign, sourceCommand, yesOption } from './source-database.ts'
import { installStatements, mark, script } from './sql.ts'
import type { DatabaseFacts } from './catalog/store.ts'
import { apply } from './store.ts'

const oldest = 140_000

export const pgInstallCommand = sourceCommand({
  name: 'pg install',
  summary: 'Let changes of tables become events',
  about: `Makes a schema "pombo" with an outbox in your database and, for a table, a trigger that writes each
change into it: the columns that you name and no others. The event is part of the transaction that causes it:
rolled back, there is none; committed, it is not lost. A running Pombo reads the outbox of its own database by
itself, and those of others by POMBO_OUTBOX_URLS. The SQL is printed first and can be repeated; --print only
prints it. Without --table it makes only the outbox and pombo.emit(event_type, data, ordering_key), which
applications call in their transactions.`,
  options: {
    table: option(text('a table, or schema.table', 'public.users'), 'table', 'The table to watch'),
    event: option(text('an event type', 'user.registered'), 'type', 'What its change is called'),
    columns: option(
      text('columns, between commas', 'id,email,name'),
      'names',
      'The columns that the event holds',
    ),
    on: option<Operation[]>(list(oneOf(...operations)), 'operations', 'insert, update, delete', [
      'insert',
    ]),
    when: option(
      text('an SQL condition', 'old.status is distinct from new.status'),
      'condition',
      'Only changes for which this holds: SQL over old and new',
    ),
    key: option(
      text('[prefix:]columns, or none', 'conversation:conversation_id'),
      'columns',
      'Events that agree in these columns keep their order (default: the primary key)',
    ),
    'on-error': option(
      oneOf('raise', 'warn'),
      'what',
      'If an event cannot be written: fail the change, or lose the event with a warning in the log',
      'raise',
    ),
    preset: option(oneOf('agentes'), 'name', 'The triggers of a known system'),
    wake: option(
      oneOf('notify', 'poll'),
      'how',
      'NOTIFY at each commit, or let Pombo look every second (default: as it is, else notify)',
    ),
    emitter: option(list(text('a role', 'app')), 'roles', 'Roles that may call pombo.emit'),
    reader: option(
      list(text('a role', 'pombo_reader')),
      'roles',
      'Roles that Pombo may read the outbox as',
    ),
    print: flag('Print the SQL and change nothing'),
    yes: yesOption,
  },
  examples: [
    [
      'pombo pg install --url postgres://… --table public.users --event user.registered --columns id,email,name',
      'Each new user is an event',
    ],
    [
      'pombo pg install --url … --table orders --event order.paid --columns id,total --on ' +
        'update --when "old.paid is distinct from new.paid and new.paid"',
      'A change that matters',
    ],
    [
      'pombo pg install --url … --preset agentes --print > migration.sql',
      'For the tool that owns your migrations',
    ],
  ],
  check: optionProblems,
  async run(values, pool, facts) {
    const problem = databaseProblem(facts)
    if (problem !== undefined) return refuse([problem], exitCodes.failed)
    const read = await readMappings(pool, values)
    if (!read.ok) return refuse(read.problems, exitCodes.usage)
    for (const note of read.notes) tell(`Note: ${note}`)
    const wake = values.wake ?? (facts.notifies === false ? 'poll' : 'notify')
    const { mappings } = read
    const { emitter: emitters = [], reader: readers = [] } = values
    const statements = installStatements({ wake, mappings, emitters, readers })
    process.stdout.write(script(statements))
    if (values.print) return exitCodes.ok
    if (!values.yes && !(await confirmed(`Run this in ${facts.database} as ${facts.user}?`))) {
      tell('Nothing was changed.')
      return exitCodes.failed
    }
    await apply(pool, statements)
    tell(done(facts, mappings))
    return exitCodes.ok
  },
})

/** Why nothing can be installed here, if so. */
export function databaseProblem(facts: DatabaseFacts): string | undefined {
  const { versionNumber, version, ownSchema, schema, roleFollowsSchema } = facts
  if (versionNumber < oldest)
    return `The outbox needs PostgreSQL 14 or later; ${facts.database} is on ${version}.`
  if (facts.mark !== undefined && facts.mark !== mark) return foreign(facts)
  // Tables that Pombo makes later, its partitions of each day first of all, would land in the new schema, and
  // nobody would find them there.
  if (ownSchema !== null && !schema && roleFollowsSchema)
    return (
      `Pombo's own tables are in this database (schema ${ownSchema}), and its role is ` +
      "called pombo: a schema of that name would come first in the role's search path. Say " +
      `first: alter role pombo in database "${facts.database}" set search_path = ` +
      `${ownSchema}; then restart Pombo and repeat this.`
    )
  return undefined
}

function refuse(problems: readonly string[], code: number): number {
  for (const problem of problems) tell(problem)
  tell('Nothing was changed. See "pombo pg install --help".')
  return code
}

function done({ database, ownSchema }: DatabaseFacts, mappings: readonly Mapping[]): string {
  const lines = mappings.map(
    (mapping) =>
      `  ${mapping.operation} on ${shown(mapping.table)} is ${mapping.event} (${triggerName(mapping)})`,
  )
  const next =
    ownSchema === null
      ? 'Name this database in POMBO_OUTBOX_URLS of your Pombo, and it reads what comes.'
      : 'This is Pombo’s own database: it reads what comes, within 10 s from now.'
  return [`The outbox is in ${database}.`, ...lines, next].join('\n')
}
