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
 * What these ask a database for, others ask it for too: what each file asks was recorded (of 100 files, 513
 * statements of Pombo's own), and without these none is missing on the second PostgreSQL. The long ones among them took
 * half of its time, the others a quarter of what was left. Kept there, though nothing would be missing: what is about
 * PostgreSQL itself (partitions, pools, binary arrays, a database that is gone, placement).
 */
const onePostgresIsEnough = new Set([
  'api-config',
  'api-endpoints',
  'api-options',
  'api-reference',
  'bad-bodies',
  'broker-sources',
  'bullmq',
  'bullmq-trouble',
  'client-shapes',
  'cloud-endpoints',
  'cloud-environment',
  'compliance-audit',
  'dashboard-serving',
  'destination-guide',
  'dialect-evolution-export',
  'dialect-guides',
  'documented-input',
  'early-answers',
  'endpoint-access',
  'endpoint-defaults',
  'event-type-rules',
  'example-gateway',
  'fairness',
  'front-door',
  'front-door-places',
  'gateway-guides',
  'header-rules',
  'ingest-app',
  'ingest-captures',
  'ingest-dialects',
  'ingest-filters',
  'ingest-repeats',
  'ingest-signed',
  'lists-of-all-apps',
  'message-explain',
  'nothing-ignored',
  'pollers-push',
  'postgres-source-app',
  'postgres-source-bulk',
  'privacy-guide',
  'prometheus',
  'raw-payloads',
  'redis-source',
  'registry-apps',
  'registry-event-types',
  'signature-headers',
  'small-faults',
  'source-guides',
  'supabase-webhooks',
  'telemetry-collector',
  'telemetry-signals',
  'telemetry-traces',
  'templates',
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
