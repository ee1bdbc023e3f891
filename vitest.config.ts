import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import {
  keepCompiled,
  onGivenPostgres,
  otherDatabaseUrl,
  otherProject,
} from './packages/server/test/support/projects.ts'

const integrationFiles = ['packages/*/test/integration/**/*.test.ts']

/** Files share a worker, which loads the server once; each has a database of its own. */
const integration = {
  isolate: false,
  globalSetup: ['packages/server/test/support/postgres-setup.ts'],
  // Against what hangs: a test takes some seconds, and many times that beside others on a busy machine.
  testTimeout: 90_000,
  hookTimeout: 90_000,
}

keepCompiled(import.meta.dirname)

export default defineConfig({
  test: {
    // Two cores are the smallest machine the suite is meant for. Tests wait for servers, children and timers during
    // half of their time: two workers a core. No more than 6: a PostgreSQL has 100 connections, and four use 50.
    maxWorkers: Math.min(6, 2 * availableParallelism()),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/unit/**/*.test.ts'],
          isolate: false,
          setupFiles: ['packages/server/test/support/property-runs.ts'],
          // A second's work of a property test, on a machine that four others share.
          testTimeout: 60_000,
        },
      },
      { test: { ...integration, name: 'integration', include: integrationFiles } },
      ...(otherDatabaseUrl() === undefined
        ? []
        : [
            {
              test: {
                ...integration,
                name: otherProject,
                include: onGivenPostgres(integrationFiles),
              },
            },
          ]),
      {
        test: {
          name: 'e2e',
          include: ['packages/*/test/e2e/**/*.test.ts'],
          globalSetup: ['packages/server/test/support/postgres-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
