// node packages/dashboard/scripts/openapi.ts: the typed client's shapes, made of the OpenAPI document that the
// server makes of its own route table. A unit test says when it has to be run.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi } from '../../server/src/api/api.ts'
import type { ApiDeps } from '../../server/src/api/deps.ts'

const target = join(import.meta.dirname, '../src/api/schema.d.ts')

/** The document needs the routes and nothing behind them: whatever else is asked for answers with itself. */
const anything: unknown = new Proxy(() => anything, {
  get: (_, key) => (key === Symbol.toPrimitive || key === 'then' ? undefined : anything),
  apply: () => anything,
})
const known = {
  settings: { version: '0', maxBodyBytes: 1, retentionDays: 1 },
  personKeys: [Buffer.alloc(32)],
  dialects: undefined,
  requests: undefined,
  http: undefined,
}
const deps = new Proxy(known, {
  get: (of, key) => (key in of ? of[key as keyof typeof of] : anything),
  has: () => true,
}) as unknown as ApiDeps

/** The document, without a server behind it. */
export async function openApiDocument(): Promise<unknown> {
  const { body } = await createApi(deps).inject({ url: '/api/v1/openapi.json' })
  return JSON.parse(body)
}

export async function schemaText(): Promise<string> {
  const document = await openApiDocument()
  const folder = mkdtempSync(join(tmpdir(), 'pombo-openapi-'))
  try {
    const from = join(folder, 'openapi.json')
    const to = join(folder, 'schema.d.ts')
    writeFileSync(from, JSON.stringify(lean(document)))
    // It stands on TypeScript 5's compiler API, so it is this package's own and runs apart from everything else.
    const program = join(import.meta.dirname, '../node_modules/openapi-typescript/bin/cli.js')
    execFileSync(process.execPath, [program, from, '-o', to, '--empty-objects-unknown'], {
      stdio: 'pipe',
    })
    return readFileSync(to, 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Without prose and refusals, which are the same everywhere: a quarter of the size, and diffs that can be read. */
function lean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lean)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([name, inner]) =>
      !(
        ['description', 'summary', 'title', 'operationId'].includes(name) &&
        typeof inner === 'string'
      ) &&
      (!['example', 'examples', 'default'].includes(name) || isSchema(inner)) &&
      !/^[45]\d\d$/.test(name),
  )
  return Object.fromEntries(
    kept.map(([name, inner]) => [
      name,
      name === 'parameters' && Array.isArray(inner)
        ? inner.filter((one: { in?: string }) => one.in !== 'header').map(lean)
        : lean(inner),
    ]),
  )
}

/** A member that is called `default` is not a default. */
function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('type' in value || '$ref' in value)
}

if (import.meta.main) {
  writeFileSync(target, await schemaText())
  process.exit()
}
