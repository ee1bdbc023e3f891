// The real `pombo serve` on a configuration file that changes while it runs.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { endAll, pombo } from './cli-process.ts'

let folder: string
let file: string
let database: TestDatabase

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-config-file-'))
  file = join(folder, 'pombo.yaml')
  database = await createTestDatabase()
})
afterEach(async () => {
  await endAll()
  await database.drop()
  await rm(folder, { recursive: true, force: true })
})

const page = 'https://app.example.com'
const write = async (lines: string) =>
  await writeFile(
    file,
    `listen: 127.0.0.1:0\ndatabaseUrl: ${database.url}\nlogFormat: json\n${lines}`,
  )

async function allowed(url: string): Promise<string | null> {
  const { headers } = await fetch(`${url}/livez`, { headers: { origin: page } })
  return headers.get('access-control-allow-origin')
}

test.each([1, 2])(
  'on SIGHUP %i process(es) take up what can change, name what waits, and keep the old over a bad file',
  async (processes) => {
    await write(`processes: ${processes}\n`)
    const serving = pombo(['serve', '--config', file])
    const [, url] = await serving.printed(/Pombo listens at (http:\S+)/)
    if (processes > 1) await serving.printed(/processes: 2/)
    expect(await allowed(url!)).toBeNull()

    await write(`processes: ${processes}\ncorsOrigins: [${page}]\nretentionDays: 3\n`)
    serving.child.kill('SIGHUP')
    await serving.printed(
      /"variables":\["POMBO_CORS_ORIGINS"\],"msg":"the configuration was taken up"/,
    )
    await serving.printed(
      /"variables":\["POMBO_RETENTION_DAYS"\],"msg":"changes .* wait for the next/,
    )
    if (processes === 1) expect(await allowed(url!)).toBe(page)

    await write(`processes: ${processes}\ncorsOrigin: [${page}]\ncommitBatch: none\n`)
    serving.child.kill('SIGHUP')
    await serving.printed(/line 5: corsOrigin is no setting of Pombo\. Did you mean corsOrigins\?/)
    await serving.printed(/"msg":"the configuration was not taken up; everything stays as it was"/)
    if (processes === 1) expect(await allowed(url!)).toBe(page)

    serving.child.kill('SIGTERM')
    expect(await serving.ended()).toBe(0)
  },
)
