/** What the runner's settings are made from: a second PostgreSQL beside the first, where one is named, and a cache. */
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/**
 * Lets Node keep what it compiled, for the workers and for every `pombo` that tests start from its source: importing
 * the server then takes 1.0 s of a core instead of 1.7.
 */
export function keepCompiled(root: string): void {
  process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compiled')
}

export const otherProject = 'integration-other'

export function otherDatabaseUrl(): string | undefined {
  return process.env.POMBO_TEST_OTHER_DATABASE_URL || undefined
}

/**
 * Long ones about what comes in and goes out: documents, gateways' bodies, brokers, HTTP, memory. They were half the
 * time of the second PostgreSQL, and ask it for nothing that the others do not: what each file asks was recorded, and
 * without these no statement of Pombo's was missing but other column lists of the same insert or update.
 */
const onePostgresIsEnough = new Set([
  'api-reference',
  'bad-bodies',
  'broker-sources',
  'bullmq-trouble',
  'dialect-evolution-export',
  'documented-input',
  'early-answers',
  'gateway-guides',
  'header-rules',
  'ingest-captures',
  'postgres-source-bulk',
  'prometheus',
  'redis-source',
  'telemetry-collector',
  'telemetry-signals',
])

/**
 * The integration tests that reach the run's PostgreSQL, which are the ones that the choice of it can matter to: their
 * own imports lead to `database.ts`, or they ask for it by `inject`. The rest bring servers of their own, or need none.
 */
export function onGivenPostgres(patterns: readonly string[]): string[] {
  const seen = new Map<string, boolean>()
  return globSync(patterns).filter(
    (file) =>
      !onePostgresIsEnough.has(basename(file, '.test.ts')) && reachesDatabase(resolve(file), seen),
  )
}

const databaseFile = join(import.meta.dirname, 'database.ts')

function reachesDatabase(file: string, seen: Map<string, boolean>): boolean {
  const known = seen.get(file)
  if (known !== undefined) return known
  seen.set(file, false) // for a circle
  const text = readFileSync(file, 'utf8')
  const reaches =
    file === databaseFile ||
    /\binject\(/.test(text) ||
    [...text.matchAll(/(?:from|import\() ?'(\.[^']+\.ts)'/g)]
      .map(([, target]) => join(dirname(file), target!))
      // What is tested knows nothing of the tests' database.
      .filter((target) => !target.includes('/src/'))
      .some((target) => reachesDatabase(target, seen))
  seen.set(file, reaches)
  return reaches
}
