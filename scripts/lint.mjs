// `oxlint`, of what has changed since it last passed: reading the types of all files takes 10 s of a core, those of a
// few 2 s.
import { spawnSync } from 'node:child_process'
import { changedSince, root, sources } from './known-good.mjs'

const { changed, good } = changedSince('lint', sources)
if (changed.length > 0) {
  const some = changed.length < sources.length / 2 ? changed : []
  const { status } = spawnSync('oxlint', ['--quiet', ...some], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}
good()
