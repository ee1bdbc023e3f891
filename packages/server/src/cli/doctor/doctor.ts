import { resolve } from 'node:path'
import { styleText } from 'node:util'
import { type Config, loadConfigFile } from '../../config/config.ts'
import { errorCode, errorMessage } from '../../core/thrown.ts'
import { startEmbedded } from '../../db/embedded/embedded.ts'
import { openPool } from '../../db/pool.ts'
import { keysIn } from '../../db/seal-keys.ts'
import { command, exitCodes, flag } from '../command.ts'
import { configOption } from '../config-loading.ts'
import { print, printJson } from '../output.ts'
import { hasEmbedded, isInUse, nameOf, runningEmbedded } from '../database.ts'
import { databaseFindings } from './database.ts'
import { fail, type Finding, ok, warn } from './finding.ts'
import { hostFindings } from './hosts.ts'
import { replicaFindings } from './replica.ts'
import {
  dataFolderFindings,
  dnsFinding,
  exposureFindings,
  listenFinding,
  nodeFinding,
} from './host.ts'

export const doctorCommand = command({
  name: 'doctor',
  summary: 'Check everything that Pombo depends on, and say how to mend it',
  about: `Looks at the configuration, Node, the address, the data folder, the database (reachable, version, clock,
durability, rights, connections, poolers, schema, partitions, encryption keys), names and the address guard. It
changes nothing; where the embedded database exists and is not running, it is started for as long as it takes.
Each line says ok, warn or fail, and below it what to do.`,
  options: { config: configOption, json: flag('As JSON, a list with one object for each check') },
  examples: [
    ['pombo doctor', 'Before the first start, and whenever something is odd'],
    ['pombo doctor --json', 'For a script'],
  ],
  exits: '0 nothing failed, 1 something did, 2 wrong options',
  async run({ config: file, json }) {
    const findings: Finding[] = []
    const report = (finding: Finding): void => {
      findings.push(finding)
      if (!json) process.stdout.write(lineOf(finding))
    }
    for await (const finding of diagnose(file)) report(finding)
    const failed = findings.filter(({ level }) => level === 'fail').length
    const warned = findings.filter(({ level }) => level === 'warn').length
    if (json) printJson(findings)
    else print(`\n${summary(failed, warned)}`)
    return failed > 0 ? exitCodes.failed : exitCodes.ok
  },
})

async function* diagnose(file: string | undefined): AsyncGenerator<Finding> {
  yield nodeFinding()
  const loaded = await loadConfigFile({ file })
  if (!loaded.ok) {
    for (const problem of loaded.problems)
      yield fail(
        'configuration',
        problem,
        'Pombo does not start with this. "pombo config --help" and ' +
          'docs/reference/configuration.md describe each variable.',
      )
    return
  }
  const { config } = loaded
  const set = loaded.entries.filter(
    ({ source }) => source !== 'default' && source !== 'unset',
  ).length
  yield ok(
    'configuration',
    `${set} of ${loaded.entries.length} variables are ` +
      `set${loaded.file ? `, from ${loaded.file} and the environment` : ''}`,
  )
  yield await listenFinding(config)
  yield* exposureFindings(config)
  yield await dnsFinding()
  if (config.databaseUrl !== undefined) yield* await external(config, config.databaseUrl)
  else {
    yield* await dataFolderFindings(config)
    yield* await embedded(config)
  }
}

async function external(config: Config, url: string): Promise<Finding[]> {
  const hosts = await hostFindings(url)
  const startedAt = performance.now()
  try {
    const findings = await examine(url, config, config.encryptionKeys)
    return [
      ...hosts,
      ok(
        'database',
        `${nameOf(url)} answers (${Math.round(performance.now() - startedAt)} ms for all questions)`,
      ),
      ...findings,
      ...(await replicaFindings(url, config)),
    ]
  } catch (error) {
    return [...hosts, unreachable(nameOf(url), error)]
  }
}

/** The embedded one: asked where it runs, or started for the question. */
async function embedded(config: Config): Promise<Finding[]> {
  const folder = resolve(config.dataDir)
  if (!hasEmbedded(folder)) return [ok('database', 'embedded; made at the first start')]
  const keys = config.encryptionKeys ?? (await keysIn(folder).catch(() => undefined))
  try {
    const server = await startEmbedded({ dataDir: folder, log: () => {} })
    try {
      return [
        ok('database', `embedded PostgreSQL ${server.version}; it was not running and starts`),
        ...(await examine(server.url, config, keys)),
      ]
    } finally {
      await server.stop()
    }
  } catch (error) {
    if (!isInUse(error)) return [unreachable(`the embedded database in ${folder}`, error)]
  }
  try {
    const findings = await examine(await runningEmbedded(folder), config, keys)
    return [ok('database', 'embedded, in use by a running Pombo'), ...findings]
  } catch (error) {
    return [
      warn(
        'database',
        'embedded, in use by another Pombo, which this user cannot ask',
        `Run it as that Pombo's user. (${errorMessage(error)})`,
      ),
    ]
  }
}

async function examine(
  url: string,
  config: Config,
  keys: readonly string[] | undefined,
): Promise<Finding[]> {
  const pool = openPool(url, 3, 'pombo-doctor')
  try {
    return await databaseFindings(pool, config, keys)
  } finally {
    await pool.end()
  }
}

function unreachable(where: string, error: unknown): Finding {
  const reason =
    error instanceof AggregateError ? error.errors.map(String).join('; ') : errorMessage(error)
  const code = errorCode(error)
  if (/startup parameter/i.test(reason))
    return fail(
      'database',
      `${where}: ${reason}`,
      'A pooler refuses a parameter of DATABASE_URL. Leave it out there, or add it to the ' +
        'ignore_startup_parameters of PgBouncer.',
    )
  const mends: Record<string, string> = {
    ECONNREFUSED:
      'Nothing listens there. Start PostgreSQL, or correct host and port in DATABASE_URL.',
    ENOTFOUND: 'The name does not resolve. Correct the host in DATABASE_URL.',
    '28P01':
      'The password is wrong. Correct DATABASE_URL (special characters in a password are percent-encoded).',
    '28000':
      'The server does not let this user in from here; see its pg_hba.conf. If it wants ' +
      'TLS, add ?sslmode=require to DATABASE_URL.',
    '3D000':
      'The database does not exist. Make it (createdb), or correct its name in DATABASE_URL.',
    '53300':
      'The server has no connection left. Raise max_connections, or lower POMBO_DATABASE_CONNECTIONS of the nodes.',
  }
  return fail(
    'database',
    `${where}: ${reason}`,
    mends[code] ?? 'Until it answers, Pombo accepts nothing. Check DATABASE_URL and the server.',
  )
}

function lineOf(finding: Finding): string {
  const colour = { ok: 'green', warn: 'yellow', fail: 'red' } as const
  const level = styleText(colour[finding.level], finding.level.padEnd(4))
  const mend = finding.level === 'ok' ? '' : `     ${styleText('gray', `→ ${finding.mend}`)}\n`
  return `${level} ${finding.name}: ${finding.detail}\n${mend}`
}

function summary(failed: number, warned: number): string {
  if (failed > 0) return `${failed} failed${warned > 0 ? `, ${warned} to look at` : ''}.`
  return warned > 0 ? `Nothing failed; ${warned} to look at.` : 'All is well.'
}
