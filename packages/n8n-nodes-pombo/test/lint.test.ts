import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageDir, toolsDir } from './n8n.ts'

// A package of its own, as n8n's tools expect it: with what they need under node_modules.
const run = promisify(execFile)
let folder: string
const modules = join(toolsDir, 'node_modules')
// What tests set makes a plugin look for the files of its own tests.
const env = { ...process.env, NODE_ENV: 'production' }
const inFolder = (script: string, ...args: string[]) =>
  run(process.execPath, [join(modules, script), ...args], { cwd: folder, env }).catch(
    (error: { stdout: string; stderr: string }) => error,
  )

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pombo-n8n-lint-'))
  for (const name of ['credentials', 'nodes', 'icons', 'tsconfig.json', 'eslint.config.mjs'])
    await cp(join(packageDir, name), join(folder, name), { recursive: true })
  const manifest = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as object
  // The release adds the repository's address (scripts/publish.mjs).
  const published = {
    ...manifest,
    repository: { type: 'git', url: 'git+https://git.example/pombo.git' },
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(published, null, 2))
  await symlink(modules, join(folder, 'node_modules'))
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

test('the nodes fit the types of n8n', async () => {
  expect((await inFolder('typescript/bin/tsc', '-p', '.')).stdout).toBe('')
})

test("n8n's lint for community nodes, those of its cloud included, finds nothing", async () => {
  const { stdout } = await inFolder('@n8n/node-cli/bin/n8n-node.mjs', 'lint')
  // oxlint-disable-next-line no-control-regex -- colours
  expect(stdout.replaceAll(/\u001B\[\d*m/g, '').trim()).toMatch(/^┌ {3}n8n-node lint {2}v[\d.]+$/)
})
