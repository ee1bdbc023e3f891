// The gateways' pages: every command in them is run as it stands, against a Pombo, and answers what the page says.
import { execFile, spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { whatsAppGateways } from '../../src/sources/gateways.ts'
import { startPombo, type TestPombo } from '../support/pombo-app.ts'

const folder = join(import.meta.dirname, '../../../../docs/guides/gateways')
const tools = ['curl', 'jq', 'openssl', 'bash']
const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0)
const pages = globSync('*.md', { cwd: join(folder, 'en') }).toSorted()
const pagesOfGateways = pages.filter((page) => page !== 'README.md')

let pombo: TestPombo
beforeAll(async () => {
  pombo = await startPombo()
})
afterAll(async () => await pombo?.stop())

function blocksOf(page: string, fence: string): string[] {
  const text = readFileSync(join(folder, page), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${fence}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, block]) => block!,
  )
}

/** With the key and the address of this Pombo in place of the page's, and `c` as the page has it. */
async function run(block: string): Promise<string> {
  const [prelude] = blocksOf('en/README.md', 'sh')
  const given = prelude!.replace(/^KEY=…; API=\S+\n/, '')
  expect(given).not.toBe(prelude)
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', given + block], {
    env: { PATH: process.env['PATH'], KEY: pombo.key, API: `${pombo.url}/api/v1` },
  })
  return stdout
}

test('there is a page of every gateway of WhatsApp, in both languages, with the same commands', () => {
  expect(pagesOfGateways).toEqual(whatsAppGateways.map(({ name }) => `${name}.md`).toSorted())
  expect(globSync('*.md', { cwd: join(folder, 'pt') }).toSorted()).toEqual(pages)
  for (const page of pages)
    for (const fence of ['sh', 'text'])
      expect(blocksOf(`pt/${page}`, fence), page).toEqual(blocksOf(`en/${page}`, fence))
})

test.skipIf(missing.length > 0)('the first page’s commands do what it says', async () => {
  const [, make, patch, stats] = blocksOf('en/README.md', 'sh')
  const [app, source] = make!.trimEnd().split('\n')
  expect(JSON.parse(await run(app!))).toMatchObject({ uid: 'loja' })
  const { id, ingestUrl, token } = JSON.parse(await run(source!)) as Record<string, string>
  expect(ingestUrl).toBe(`${pombo.url}/ingest/evolution/loja?token=${token}`)
  expect(JSON.parse(await run(patch!.replace('SOURCE', id!)))).toMatchObject({
    id,
    silenceMinutes: 30,
    filters: { chatKinds: ['person', 'group'], deny: ['5511999990001'] },
  })
  const counts = JSON.parse(await run(stats!.replace('SOURCE', id!))) as Record<string, unknown>
  for (const name of [
    'received',
    'accepted',
    'duplicate',
    'filtered',
    'skipped',
    'refused',
    'deliveries',
    'badSignature',
    'tooLarge',
  ])
    expect(counts).toHaveProperty(name)
})

test.skipIf(missing.length > 0).each(pagesOfGateways)(
  '%s: what is tried there is signed, taken, and reads as the page shows; another secret is refused',
  async (page) => {
    const [commands, ...more] = blocksOf(`en/${page}`, 'sh')
    const [shown] = blocksOf(`en/${page}`, 'text')
    expect(more).toEqual([])
    await pombo.api('POST', '/app?get_if_exists=true', { name: 'Loja', uid: 'loja' })
    expect(await run(commands!)).toBe(shown)
    const renamed = commands!.replace('"name": "try', '"name": "other')
    // A gateway that has no secret proves itself by the token in the address alone.
    if (!commands!.includes('"secret"'))
      return expect(await run(renamed.replace('"$URL"', '"${URL}x"'))).toContain(
        '"code":"ingest_unauthorised"',
      )
    const other = renamed.replace(/"secret": "[^"]*"/, '"secret": "another secret"')
    expect(await run(other)).toContain('"code":"bad_signature"')
  },
)
