import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import {
  keepCompiled,
  onSecondPostgres,
  otherDatabaseUrl,
  otherProject,
  recordsStatements,
} from './packages/server/test/support/projects.ts'

const integrationFiles = ['packages/*/test/integration/**/*.test.ts']

/** Deadlines are for what never comes: what is late on a busy machine comes all the same. */
const expect = { poll: { timeout: 30_000 } }

/** Files share a worker, which loads the server once; each has a database of its own. */
const integration = {
  isolate: false,
  globalSetup: ['packages/server/test/support/postgres-setup.ts'],
  setupFiles: recordsStatements() ? ['packages/server/test/support/record-tests.ts'] : [],
  // Against what hangs: a test takes some seconds, and many times that beside others on a busy machine.
  testTimeout: 90_000,
  hookTimeout: 90_000,
  expect,
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
          expect,
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
                include: onSecondPostgres(integrationFiles),
                setupFiles: [
                  ...integration.setupFiles,
                  'packages/server/test/support/second-postgres-only.ts',
                ],
              },
            },
          ]),
      // Where n8n's own packages are installed, which `npm run n8n` does first.
      ...(existsSync('packages/n8n-nodes-pombo/n8n/node_modules')
        ? [
            {
              test: {
                name: 'n8n',
                include: ['packages/n8n-nodes-pombo/test/*.test.ts'],
                globalSetup: ['packages/server/test/support/postgres-setup.ts'],
                testTimeout: 90_000,
                hookTimeout: 90_000,
              },
            },
          ]
        : []),
      {
        test: {
          name: 'e2e',
          include: ['packages/*/test/e2e/**/*.test.ts'],
          globalSetup: [
            'packages/server/test/support/postgres-setup.ts',
            'packages/server/test/support/bundle-setup.ts',
          ],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...integration,
          name: 'browser',
          include: ['packages/dashboard/test/browser/**/*.test.ts'],
          globalSetup: [
            ...integration.globalSetup,
            'packages/dashboard/test/support/browser-setup.ts',
          ],
        },
      },
    ],
  },
})
