// The server as its users run it, for whoever starts it from a checkout: `npm start`, `npm run demo` and `npm run pombo`,
// tests, `npm run chaos`. Bundled, a start takes a third less of a core than the 450 modules of the source (1.0 s against
// 1.6 on a slow machine; 1.2 against 2.7 where nothing is compiled yet), and the server 18 MB less at rest.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'

const workspace = join(import.meta.dirname, '..')
const cache = join(workspace, 'node_modules/.cache')
const prefix = 'pombo-bundle-'
const keptMs = 24 * 3_600_000

/** Asked for again, it is looked for once. */
let made

/**
 * Made from the source as it is now, unless it was already: whatever runs in a checkout shares it. To look costs 55 to 75 ms
 * (0.2 s of a slow core), which BUNDLED_POMBO saves the processes of a test run.
 */
export function bundledPombo(onBuild = () => undefined) {
  made ??= bundledAt(process.env.BUNDLED_POMBO ?? make(onBuild))
  return made
}

export function bundledAt(folder) {
  const dist = join(folder, 'dist')
  return { folder, main: join(dist, 'main.js'), benchNode: join(dist, 'bench-pombo.js') }
}

/** What has not been in use for a day is deleted by the next that is made. */
export function inUse({ folder }) {
  const now = new Date()
  try {
    utimesSync(folder, now, now)
  } catch {
    // `npm ci` deletes it under a running server, which goes on with what it has loaded.
  }
}

function make(onBuild) {
  const folder = join(cache, prefix + sourceHash())
  if (existsSync(folder)) {
    inUse({ folder })
    return folder
  }
  onBuild()
  mkdirSync(cache, { recursive: true })
  for (const old of readdirSync(cache).filter((name) => name.startsWith(prefix))) {
    const path = join(cache, old)
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
    if (age > keptMs) rmSync(path, { recursive: true, force: true })
  }
  // Beside it and then in its place: nobody sees half of one, and of two at once the first is kept.
  const draft = `${folder}-${process.pid}`
  const script = join(workspace, 'scripts/bundle.mjs')
  const { status, stderr } = spawnSync(process.execPath, [script, draft], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the server could not be bundled: ${stderr}`)
  try {
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** Of all that goes into it: the packages by what is locked. */
function sourceHash() {
  const hash = createHash('sha256')
  /** @type {string[]} */
  const files = [
    ...globSync('packages/server/src/**/*.{ts,sql}', { cwd: workspace }),
    ...globSync('packages/server/bench/parts/*.ts', { cwd: workspace }),
    'packages/server/package.json',
    'scripts/bundle.mjs',
    'package-lock.json',
  ]
  for (const file of files.filter((name) => !name.endsWith('.test.ts')).toSorted())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(workspace, file)))
      .update('\0')
  return hash.digest('hex').slice(0, 16)
}
