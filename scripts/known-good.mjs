// What was checked and found good before is known by a hash, and need not be checked again: of the file, of all that it
// imports (types come from there, cycles, and what a test tests), and of the settings. CI knows nothing, and checks all.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const root = join(import.meta.dirname, '..')

/** Beside the files' own text: settings, versions of everything, and types that hold without an import. */
const isForAll = (path, text) =>
  /(^|\/)(\.oxlintrc\.json|tsconfig[\w.]*\.json|package\.json|package-lock\.json|vitest\.config\.ts)$/.test(path) ||
  path.endsWith('.d.ts') ||
  path.startsWith('scripts/') ||
  /^declare (module|global)/m.test(text)

/** The tree's files by path, as git lists them: what is committed and what is new. */
const paths = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1e8,
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const texts = new Map(
  paths
    .filter((path) => /\.([mc]?[jt]s|[jt]sx|json)$/.test(path) && !path.includes('/test/captures/'))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
)
export const sources = [...texts.keys()].filter((path) => !path.endsWith('.json'))
const hashes = new Map([...texts].map(([path, text]) => [path, hash(text)]))
const forAll = hash([...texts].filter(([path, text]) => isForAll(path, text)).map(([path]) => path + hashes.get(path)))
const imports = new Map(sources.map((path) => [path, importsOf(path)]))

/**
 * Which of `files` have changed since `check` found all of them good; `good()` is to be called when it has again.
 * `isOfAll` says of a text that what it does depends on more than it imports: on any file of the tree.
 */
export function changedSince(check, files, isOfAll = () => false) {
  const cacheFile = join(root, `node_modules/.cache/good-${check}.json`)
  const keys = Object.fromEntries(files.map((path) => [path, keyOf(path, isOfAll)]))
  const known = process.env.CI || !existsSync(cacheFile) ? {} : JSON.parse(readFileSync(cacheFile, 'utf8'))
  return {
    changed: files.filter((path) => known[path] !== keys[path]),
    good: () => {
      mkdirSync(dirname(cacheFile), { recursive: true })
      writeFileSync(cacheFile, JSON.stringify(keys))
    },
  }
}

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

function keyOf(path, isOfAll) {
  const reached = new Set([path])
  for (const one of reached) for (const target of imports.get(one) ?? []) reached.add(target)
  const isTouchedByAll = [...reached].some((one) => texts.has(one) && isOfAll(one, texts.get(one)))
  // One that is not there (any more) has its name alone.
  const of = [...reached].toSorted((a, b) => (a < b ? -1 : 1)).map((one) => one + (hashes.get(one) ?? ''))
  return hash([forAll, ...of, ...(isTouchedByAll ? [wholeTree()] : [])])
}

let tree
function wholeTree() {
  tree ??= hash(paths.map((path) => path + (hashes.get(path) ?? hash(readFileSync(join(root, path))))))
  return tree
}

function hash(content) {
  return createHash('sha1')
    .update(Array.isArray(content) ? content.join('\n') : content)
    .digest('hex')
}
