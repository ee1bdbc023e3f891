import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Two cores are the smallest machine the suite is meant for; each integration file has its own database.
    maxWorkers: 2,
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
      {
        test: {
          name: 'integration',
          include: ['packages/*/test/integration/**/*.test.ts'],
          globalSetup: ['packages/server/test/support/postgres-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
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
