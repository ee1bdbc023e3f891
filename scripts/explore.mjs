// npm run explore: the property tests with ten times as many inputs as in CI, drawn anew each time. What fails is told
// with its seed and path, by which fast-check draws it again. Not a part of `npm test`, whose answer is to be the same
// for the same tree.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, sources } from './known-good.mjs'

const properties = sources.filter(
  (path) => path.endsWith('.test.ts') && readFileSync(join(root, path), 'utf8').includes("from 'fast-check'"),
)
const projects = ['unit', 'integration', 'e2e'].flatMap((project) => ['--project', project])
const { status } = spawnSync('vitest', ['run', ...projects, ...properties, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, POMBO_EXPLORE: '1' },
  shell: process.platform === 'win32',
})
process.exitCode = status ?? 1
