// Pombo, whole, on a test database: configured by environment variables, reached by HTTP.
import { startApp, type App } from '../../src/app.ts'
import type { LogParts } from '../../src/app/log.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openLog } from '../../src/observe/log.ts'
import { called, type Called, type CallOptions } from './called.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

export interface TestPombo {
  url: string
  key: string
  app: App
  database: TestDatabase
  /** Lines of the log: errors, unless POMBO_LOG_LEVEL says otherwise. */
  errors: Record<string, unknown>[]
  call(method: string, path: string, options?: CallOptions): Promise<Called>
  /** What the path is below `/api/v1`, called with this Pombo's key unless with another. */
  api(method: string, path: string, body?: unknown, key?: string): Promise<Called>
  stop(): Promise<void>
}

const key = 'pombo_test_key_0123456789'

export async function startPombo(
  env: Record<string, string> = {},
  given?: TestDatabase,
): Promise<TestPombo> {
  const database = given ?? (await createTestDatabase())
  const loaded = loadConfig({
    env: {
      DATABASE_URL: database.url,
      POMBO_LISTEN: '127.0.0.1:0',
      POMBO_API_KEY: key,
      POMBO_ALLOW_SUBNETS: '127.0.0.0/8',
      POMBO_ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
      ...env,
    },
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const errors: Record<string, unknown>[] = []
  const log = (parts: LogParts) =>
    openLog({
      ...parts,
      level: env['POMBO_LOG_LEVEL'] === undefined ? 'error' : loaded.config.logLevel,
      format: 'json',
      write: (line) => errors.push(JSON.parse(line) as Record<string, unknown>),
    })
  const app = await startApp(loaded.config, { log, settings: loaded.entries })
  const pombo: TestPombo = {
    url: app.url,
    key,
    app,
    database,
    errors,
    api: async (method, path, body, as = key) =>
      await pombo.call(method, `/api/v1${path}`, {
        body,
        headers: { authorization: `Bearer ${as}` },
      }),
    call: async (method, path, options) => await called(app.url + path, method, options),
    async stop() {
      await app.stop()
      if (!given) await database.drop()
    },
  }
  return pombo
}
