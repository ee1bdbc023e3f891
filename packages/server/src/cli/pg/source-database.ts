import { createInterface } from 'node:readline/promises'
import type { Config } from '../../config/config.ts'
import { databaseUrlKind } from '../../core/database-url.ts'
import { isAway, openPool, type Pool } from '../../db/pool.ts'
import {
  type Command,
  type CommandSpec,
  flag,
  option,
  type Options,
  type Values,
} from '../command.ts'
import { configuredCommand } from '../config-loading.ts'
import { nameOf } from '../database.ts'
import { type DatabaseFacts, databaseFacts } from './catalog/store.ts'
import { mark } from './sql.ts'

const urlOption = option(
  databaseUrlKind({ writes: true }),
  'url',
  'The database that events come from (default: DATABASE_URL)',
)
export const yesOption = flag('Do it without asking', 'y')

/** A command on the database that events come from, which it takes as `--url`. */
export function sourceCommand<const O extends Options>({
  run,
  ...spec
}: Omit<CommandSpec<O>, 'run'> & {
  run: (values: Values<O>, pool: Pool, facts: DatabaseFacts) => Promise<number>
}): Command {
  return configuredCommand({
    ...spec,
    options: { url: urlOption, ...spec.options },
    run: async (values, config) =>
      await withSource(
        (values as { url?: string }).url,
        config,
        async (pool, facts) => await run(values as unknown as Values<O>, pool, facts),
      ),
  })
}

async function withSource(
  given: string | undefined,
  config: Config,
  work: (pool: Pool, facts: DatabaseFacts) => Promise<number>,
): Promise<number> {
  const address = given ?? config.databaseUrl
  if (address === undefined)
    throw new Error(
      'Say which database the events come from: --url postgres://… (or DATABASE_URL). The ' +
        'embedded database is Pombo’s alone.',
    )
  const pool = openPool(address, 2, 'pombo-cli')
  try {
    return await work(pool, await databaseFacts(pool))
  } catch (error) {
    throw explained(error, nameOf(address))
  } finally {
    await pool.end()
  }
}

/** Throws where nothing is installed, or where something else has the name. */
export function requireOutbox(facts: DatabaseFacts): void {
  if (facts.mark === mark) return
  throw new Error(
    facts.mark === undefined
      ? `There is no outbox in ${facts.database}. "pombo pg install" makes one.`
      : foreign(facts),
  )
}

export function foreign({ database, mark: found }: DatabaseFacts): string {
  return found?.startsWith('Pombo outbox')
    ? `The outbox in ${database} is of another version of Pombo ("${found}"). Use the pombo that made it.`
    : `In ${database} there is a table pombo.outbox that Pombo did not make. Rename it, or use another database.`
}

/** Asks on the terminal; without one, refuses. Anything but yes is no. */
export async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new Error(
      `${question} Nobody can be asked here: repeat the command with --yes. Nothing was changed.`,
    )
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    return /^(y|yes|s|sim)$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}

function explained(error: unknown, where: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code === '55P03')
    return new Error(
      'A table is in use by a long transaction and could not be locked within 5 s. Nothing ' +
        'was changed; try again when it is over.',
    )
  if (error.code === '42501')
    return new Error(
      `${error.message}. Nothing was changed; connect as a role that may (the owner of the ` +
        'tables, with CREATE on the database).',
    )
  const away = isAway(error) || ['28P01', '28000', '3D000'].includes(String(error.code))
  // Class 42: what the statement says. Often a condition of the user's.
  if (String(error.code).startsWith('42'))
    return new Error(`PostgreSQL refuses it: ${error.message}. Nothing was changed.`, {
      cause: error,
    })
  return away
    ? new Error(`The database ${where} cannot be used: ${error.message}`, { cause: error })
    : error
}
