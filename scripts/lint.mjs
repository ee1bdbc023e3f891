// `oxlint`, of what has changed since it last passed. What it says of a file depends on the file, on all that it
// imports (types come from there, and cycles), and on the settings: by a hash of these it is known which were found
// good before. Reading the types of all files takes 10 s of a core, those of a few 2 s. CI reads all of them.
import { spawnSync, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const cacheFile = join(root, 'node_modules/.cache/lint.json')
const patterns = ['*.ts', '*.tsx', '*.mts', '*.cts', '*.js', '*.jsx', '*.mjs', '*.cjs']
/** Beside the files' own text: settings, versions of everything, and types that hold without an import. */
const isForAll = (path, text) =>
  /(^|\/)(\.oxlintrc\.json|tsconfig[\w.]*\.json|package\.json|package-lock\.json)$/.test(path) ||
  path.endsWith('.d.ts') ||
  path === 'scripts/lint.mjs' ||
  /^declare (module|global)/m.test(text)

const texts = new Map(
  execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns, '*.json'],
    { cwd: root, encoding: 'utf8', maxBuffer: 1e8 },
  )
    .split('\n')
    .filter((path) => path !== '' && !path.includes('/test/captures/') && existsSync(join(root, path)))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
)
const sources = [...texts.keys()].filter((path) => !path.endsWith('.json'))
const hashes = new Map([...texts].map(([path, text]) => [path, hash(text)]))
const forAll = hash([...texts].filter(([path, text]) => isForAll(path, text)).map(([path]) => path + hashes.get(path)))
const imports = new Map(sources.map((path) => [path, importsOf(path)]))
const keys = Object.fromEntries(sources.map((path) => [path, keyOf(path)]))

const good = process.env.CI || !existsSync(cacheFile) ? {} : JSON.parse(readFileSync(cacheFile, 'utf8'))
const changed = sources.filter((path) => good[path] !== keys[path])
if (changed.length > 0) {
  const some = changed.length < sources.length / 2 ? changed : []
  const { status } = spawnSync('oxlint', ['--quiet', ...some], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}
mkdirSync(dirname(cacheFile), { recursive: true })
writeFileSync(cacheFile, JSON.stringify(keys))

/** Of the project's own files; a package of the workspace stands for all of its source. */
function importsOf(path) {
  return [...texts.get(path).matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\(|\bURL\()\s*['"]([^'"]+)['"]/g)].flatMap(
    ([, target]) => {
      if (target.startsWith('.')) return join(dirname(path), target)
      const own = /^(?:@pombo\/)?(pombo|[\w-]+)/.exec(target)?.[1]
      const folder = own === 'pombo' ? 'packages/server/src/' : `packages/${own}/src/`
      return sources.filter((one) => one.startsWith(folder))
    },
  )
}

function keyOf(path) {
  const reached = new Set([path])
  for (const one of reached) for (const target of imports.get(one) ?? []) reached.add(target)
  // One that is not there (any more) has its name alone.
  return hash([forAll, ...[...reached].toSorted((a, b) => (a < b ? -1 : 1)).map((one) => one + (hashes.get(one) ?? ''))])
}

function hash(text) {
  return createHash('sha1').update([text].flat().join('\n')).digest('hex')
}
