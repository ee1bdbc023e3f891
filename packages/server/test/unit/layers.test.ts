// The room table in ARCHITECTURE.md is the rule; this test is what makes it true.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../../..')
const src = join(root, 'packages/server/src')
const rows = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(
  /^\| `([\w-]+)\/` \|[^|]*\| ([^|]+) \|$/gm,
)
const may = new Map([...rows].map(([, room, list]) => [room!, new Set(list!.split(/, /))]))
/** Rooms whose folders must not know each other, and the folders in them that all the others may use. */
const shelves = new Map([
  ['dialects', new Set(['contract'])],
  ['destinations', new Set(['contract'])],
  ['sources', new Set(['gateway', 'client-libraries', 'broker', 'database', 'intake'])],
])
/** Stand above the rooms. */
const above = new Set(['version.ts', 'engine.ts', 'app.ts', 'main.ts'])

const files = globSync(`${src}/**/*.ts`)
  .map((file) => relative(src, file))
  .toSorted()
const imports = (file: string) =>
  [...readFileSync(join(src, file), 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(
    ([, target]) => target!,
  )

test('the table was read and the files were found', () => {
  expect(may.size).toBeGreaterThanOrEqual(13)
  expect(files.length).toBeGreaterThan(80)
  for (const room of new Set(
    files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]!),
  ))
    expect([...may.keys()]).toContain(room)
})

test('every import stays inside the room table', () => {
  const broken: string[] = []
  for (const file of files) {
    const [room, inner] = file.split('/') as [string, string | undefined]
    if (inner === undefined || file.endsWith('.test.ts')) continue
    for (const target of imports(file)) {
      if (!target.startsWith('.')) continue
      const [to, toInner] = relative(src, join(src, dirname(file), target)).split('/') as [
        string,
        string | undefined,
      ]
      if (toInner === undefined) {
        if (!((room === 'cli' || room === 'app') && above.has(to))) broken.push(`${file} -> ${to}`)
        continue
      }
      const allowed =
        to === room
          ? !shelves.has(room) ||
            inner.endsWith('.ts') ||
            toInner === inner ||
            toInner.endsWith('.ts') ||
            shelves.get(room)!.has(toInner)
          : may.get(room)?.has(to)
      if (!allowed) broken.push(`${file} -> ${to}/${toInner}`)
    }
  }
  expect(broken).toEqual([])
})

/** Of every package, the benchmarks and the tests too; paths from `src` on. */
const everything = globSync(`${root}/packages/*/{src,bench,test}/**/*.ts`).map((file) =>
  relative(src, file),
)
const importsOf = new Map(
  everything.map((file) => [
    file,
    imports(file)
      .filter((target) => target.startsWith('.'))
      .map((target) => relative(src, join(src, dirname(file), target))),
  ]),
)

test('no file is in a cycle, not even one of types', () => {
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      return
    }
    state.set(file, 'open')
    for (const target of importsOf.get(file) ?? []) visit(target, [...path, file])
    state.set(file, 'done')
  }
  for (const file of everything) visit(file, [])
  expect(cycles).toEqual([])
})

test('the engine stands without the words of WhatsApp: it compiles with whatsapp/ deleted', () => {
  const reached = new Set<string>()
  const waiting = ['engine.ts']
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    waiting.push(...(importsOf.get(file) ?? []))
  }
  expect(reached.size).toBeGreaterThan(80)
  expect([...reached].filter((file) => file.startsWith('whatsapp/'))).toEqual([])
})

test('SQL and its drivers are in db/ and in store.ts files', () => {
  const broken: string[] = []
  for (const file of files) {
    if (file.startsWith('db/') || file.endsWith('/store.ts') || file.endsWith('.test.ts')) continue
    if (imports(file).some((target) => target === 'pg')) broken.push(`${file} imports a driver`)
    if (
      /\.query(?:<[^>]*>)?\(\s*[`'"]\s*(?:select|insert|update|delete|with|alter|create|drop)\b/i.test(
        readFileSync(join(src, file), 'utf8'),
      )
    )
      broken.push(`${file} holds SQL`)
  }
  expect(broken).toEqual([])
})
