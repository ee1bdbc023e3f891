/** What the runner's settings are made from: a second PostgreSQL beside the first, where one is named, and a cache. */
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { testsOnSecondPostgres } from './second-postgres.ts'

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

/** In `npm run both-postgres`. */
export function recordsStatements(): boolean {
  return Boolean(process.env.POMBO_RECORD_STATEMENTS)
}

/** The files of which something runs on the second PostgreSQL too. */
export function onSecondPostgres(patterns: readonly string[]): string[] {
  return globSync(patterns).filter(
    (file) => testsOnSecondPostgres(basename(file, '.test.ts')) !== undefined,
  )
}
