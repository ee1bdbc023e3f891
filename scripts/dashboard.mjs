// Before `npm start`, `npm run dev` and `npm run demo`: makes the dashboard's build where there is none, or where
// its sources are newer. A failed build is said and stops nothing: Pombo delivers without its dashboard.
import { existsSync, globSync, statSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const dashboard = join(import.meta.dirname, '../packages/dashboard')
const built = join(dashboard, 'dist/index.html')
if (!existsSync(built) || changedAt() > statSync(built).mtimeMs) {
  console.error('Building the dashboard (once, some seconds) …')
  const startedAt = performance.now()
  const vite = join(import.meta.dirname, '../node_modules/vite/bin/vite.js')
  const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: dashboard,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  console.error(
    status === 0
      ? `The dashboard is built, after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.`
      : 'The dashboard could not be built; Pombo starts without it.',
  )
}

function changedAt() {
  const sources = ['src/**/*', 'public/*', 'reference/*', 'index.html', '*.config.ts', 'package.json', '../portal/src/*', '../../docs/guides/verify.md']
  const files = globSync(sources, { cwd: dashboard })
  return Math.max(...files.map((file) => statSync(join(dashboard, file)).mtimeMs))
}
