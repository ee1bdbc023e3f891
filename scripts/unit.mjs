// The unit tests, of what has changed since they last passed: all of them take 40 s of a core. Tests that read files of
// the tree (documents, captures, the rooms' imports) run whenever any file has changed.
import { spawnSync } from 'node:child_process'
import { changedSince, root, sources } from './known-good.mjs'

const tests = sources.filter((path) => /^packages\/[\w-]+\/(?:src|test\/unit)\/.*\.test\.ts$/.test(path))
const readsFiles = (path, text) => /\.test\.ts$|\/test\//.test(path) && /node:(?:fs|child_process)/.test(text)
const { changed, good } = changedSince('unit', tests, readsFiles)
if (changed.length > 0) {
  const some = changed.length < tests.length ? changed : []
  const { status } = spawnSync(
    'vitest',
    ['run', '--project', 'unit', '--maxWorkers=2', '--reporter=minimal', ...some],
    { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' },
  )
  if (status !== 0) process.exit(status ?? 1)
}
good()
