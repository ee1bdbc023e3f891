import { text } from '../../core/setting-kinds.ts'
import type { Queryable } from '../../db/pool.ts'
import { exitCodes, flag, option } from '../command.ts'
import { tell } from '../output.ts'
import { shown } from './mapping.ts'
import { confirmed, requireOutbox, sourceCommand, yesOption } from './source-database.ts'
import { dropSchema, dropStatements, dropTrigger, script } from './sql.ts'
import type { DatabaseFacts } from './catalog/store.ts'
import { apply, foreignObjects, installedTriggers, undelivered } from './store.ts'
import { readTrigger } from './trigger.ts'

export const pgUninstallCommand = sourceCommand({
  name: 'pg uninstall',
  summary: 'Remove the outbox and its triggers',
  about: `Removes every trigger that "pombo pg install" made, the functions, the outbox and the schema, and leaves
nothing behind. With --event or --table it removes only those triggers. Events that Pombo has not taken yet
would be lost: it asks, or needs --discard.`,
  options: {
    table: option(
      text('a table, or schema.table', 'public.users'),
      'table',
      'Only the triggers of this table',
    ),
    event: option(
      text('an event type', 'user.registered'),
      'type',
      'Only the triggers of this event',
    ),
    discard: flag('Events that were not taken yet may be lost'),
    print: flag('Print the SQL and change nothing'),
    yes: yesOption,
  },
  examples: [
    ['pombo pg uninstall --url postgres://…', 'All of it'],
    ['pombo pg uninstall --url postgres://… --event user.registered', 'One mapping'],
  ],
  async run(values, pool, facts) {
    const { table, event } = values
    const part = table !== undefined || event !== undefined
    requireOutbox(facts)
    const triggers = (await installedTriggers(pool)).filter(
      (one) =>
        (table === undefined || table === one.name || table === shown(one)) &&
        (event === undefined || event === readTrigger(one).event),
    )
    if (part && triggers.length === 0)
      throw new Error(
        'No trigger of Pombo is of that table and event; "pombo pg status" lists them.',
      )
    const foreigners = part ? [] : await foreignObjects(pool)
    // The triggers first: who writes a table locks it before the outbox, and so must this.
    const first = triggers.map((one) => dropTrigger(one, one.trigger))
    const rest = part ? [] : [...dropStatements, ...(foreigners.length > 0 ? [] : [dropSchema])]
    process.stdout.write(script([...first, ...rest]))
    if (foreigners.length > 0)
      tell(`The schema pombo stays: others made ${foreigners.join(', ')} in it.`)
    if (values.print) return exitCodes.ok
    const left = part ? 0 : await undelivered(pool)
    if (!(await agreed(facts, left, values))) {
      tell('Nothing was changed.')
      return exitCodes.failed
    }
    const check = (db: Queryable) => noMore(db, left)
    await apply(pool, part ? first : [...first, check, ...rest])
    tell(part ? 'The triggers are gone.' : 'The outbox is gone.')
    return exitCodes.ok
  },
})

async function agreed(
  { database, user }: DatabaseFacts,
  left: number,
  { yes, discard }: { yes: boolean; discard: boolean },
): Promise<boolean> {
  if (left > 0 && !discard) {
    const loss = `${left} event(s) were not taken yet and would be lost.`
    if (yes)
      throw new Error(
        `${loss} Let Pombo take them first, or repeat with --discard. Nothing was changed.`,
      )
    return await confirmed(`${loss} Remove everything from ${database} all the same?`)
  }
  return yes || (await confirmed(`Run this in ${database} as ${user}?`))
}

/** Nobody agreed to losing what has come in since the question. */
async function noMore(db: Queryable, agreedOn: number): Promise<void> {
  const left = await undelivered(db, 'locked')
  if (left > agreedOn)
    throw new Error(
      `${left - agreedOn} more event(s) came in meanwhile. Nothing was changed; repeat the command.`,
    )
}
