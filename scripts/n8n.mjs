// npm run n8n: n8n's nodes, linted by n8n's rules and run by n8n's own packages against a real Pombo. Not among the
// tests: these packages are 450 MB, with a lock file of their own.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { buildNodes } from './build-n8n.mjs'

const root = join(import.meta.dirname, '..')
const tools = join(root, 'packages/n8n-nodes-pombo/n8n')
const lock = createHash('sha1').update(readFileSync(join(tools, 'package-lock.json'))).digest('hex')
const mark = join(tools, 'node_modules/.installed')

if (!existsSync(mark) || readFileSync(mark, 'utf8') !== lock) {
  // No scripts: what they would build, n8n does without.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', tools])
  writeFileSync(mark, lock)
}
await buildNodes()
run('vitest', ['run', '--project', 'n8n', ...process.argv.slice(2)])

function run(program, args) {
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` }
  const { status } = spawnSync(program, args, {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32', // the programs are .cmd files there
  })
  if (status !== 0) process.exit(status ?? 1)
}
