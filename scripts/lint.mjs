// `oxlint`, of what has changed since it last passed: reading the types of all files takes 10 s of a core, those of a
// few 2 s. In CI it checks the types of all on the way, and Go's collector runs four times less: 53 s of a slow core for
// 62, in 3.1 GB instead of 2.7.
import { spawnSync } from 'node:child_process'
import { changedSince, root, sources } from './known-good.mjs'

/** What they import is installed by `npm run n8n` and `npm run docs`, which check their types. */
const apart = ['packages/n8n-nodes-pombo', 'docs']

const { changed, good } = changedSince('lint', sources)
if (changed.length > 0) {
  const some = changed.length < sources.length / 2 ? changed : []
  if (process.env.CI) {
    run(['--type-check', ...apart.flatMap((folder) => ['--ignore-pattern', `${folder}/**`])])
    run(apart)
  } else run(some)
}
good()

function run(args) {
  const { status } = spawnSync('oxlint', ['--quiet', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: process.env.CI ? { GOGC: '400', ...process.env } : process.env,
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}
