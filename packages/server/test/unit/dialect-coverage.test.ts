// The tables of the documents (COVERAGE.md): nothing of a dialect is missing in them, what they point at is there,
// and, where the documents are at hand, nothing of the documents is missing either.
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { routesOf } from '../../src/api/dialects/reference.ts'
import { coverageOf, dialectChapters } from '../support/dialect-chapters.ts'
import { exampleOf, examplesOf, linesOf, oneLine, plain } from '../support/document-lines.ts'

const root = new URL('../../../../', import.meta.url)
const files = globSync('{*,{packages,docs,examples}/**/*}.{ts,py,sql,md}', {
  cwd: root.pathname,
  exclude: (name) => name.includes('node_modules'),
})
const names = new Set(files.map((file) => basename(file)))
const tests = files
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => ({ name: basename(file), text: readFileSync(new URL(file, root), 'utf8') }))

const chapters = dialectChapters().filter(({ document }) => document !== null)

function rowsOf(coverage: string): string[][] {
  return coverage
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (-{3}|Line of document)/.test(line))
    .map((line) =>
      line
        .slice(2, -2)
        .split(/(?<!\\) \| /)
        .map((cell) => cell.trim()),
    )
}

describe.each(chapters)('$dialect.name', ({ dialect, settings, coverage }) => {
  test('each line says where it is met and what shows it', () => {
    const rows = rowsOf(coverage)
    expect(rows.length).toBeGreaterThan(20)
    for (const row of rows) {
      expect(row, row[0]!).toHaveLength(3)
      for (const cell of row) expect(cell, row[0]!).not.toBe('')
    }
  })

  test('the dialect’s events, requests and variables are in it', async () => {
    const words = [
      ...dialect.events.map(({ name }) => name),
      ...Object.values(settings).map(({ variable }) => variable),
      ...(await routesOf(dialect)).map(({ method, path }) => `${method} ${path}`),
    ]
    expect(words.filter((word) => !coverage.includes(`\`${word}\``))).toEqual([])
  })

  test('the files and the tests that it names are there', () => {
    for (const [line, where, shown] of rowsOf(coverage)) {
      for (const [, file] of `${where} ${shown}`.matchAll(
        /`(?:[\w./-]*\/)?([\w.-]+\.(?:ts|py|sql|md))`/g,
      ))
        expect(names, `${line}: ${file}`).toContain(file)
      for (const [, name] of shown!.matchAll(/"([^"]+)"/g)) {
        const found = tests.some(({ text }) => text.includes(name!))
        expect(found, `${line}: no test "${name}"`).toBe(true)
      }
    }
  })
})

test('every curl line of the tables is run as it stands by a test', () => {
  const sources = tests.map(({ text }) => oneLine(text))
  const lines = chapters.flatMap(({ coverage }) =>
    [...coverage.matchAll(/`(curl [^`]+)`/g)].map(([, line]) => line!.replaceAll('\\|', '|')),
  )
  expect(lines.length).toBeGreaterThan(12)
  expect(lines.filter((line) => !sources.some((source) => source.includes(line)))).toEqual([])
})

const documents = new URL('../shared/seeds/', root)
const here = existsSync(documents)
const numbers = {
  whatsmeow: '000',
  zaphub: '001',
  'device-status': '002',
  evolution: '003',
  agentes: '004',
} as const

describe.skipIf(!here).each(Object.entries(numbers))('document of %s', (name, number) => {
  const file = here ? readdirSync(documents).find((one) => one.startsWith(number))! : ''
  const document = here ? readFileSync(new URL(file, documents), 'utf8') : ''
  const lines = linesOf(document)
  const folder = new URL(`../../src/dialects/${name}/golden/`, import.meta.url)
  const goldens = readdirSync(folder).map((one) =>
    exampleOf(readFileSync(new URL(one, folder), 'utf8')),
  )
  const coverage = coverageOf(name as keyof typeof numbers).replaceAll('\\|', '|')

  test('every heading, item, row and label of it is in the table', () => {
    const quoted = plain(coverage)
    const prose = lines.filter(({ kind }) => /heading|item|row|label/.test(kind))
    expect(prose.length).toBeGreaterThan(40)
    const missing = prose.filter(({ text }) =>
      // What a broken character stood for is not known.
      plain(text)
        .split('\uFFFD')
        .some((part) => !quoted.includes(part.trim())),
    )
    expect(missing.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([])
  })

  test('every request, variable, event and member of its examples is in the table', () => {
    const said = lines.filter(({ kind }) => /route|variable|event|member/.test(kind))
    expect(said.length).toBeGreaterThan(20)
    const words = new Set(coverage.match(/\w[\w.-]*\w|\w/g))
    const missing = said.filter(({ text }) =>
      text.includes('/') ? !coverage.includes(text) : !words.has(text),
    )
    expect([...new Set(missing.map(({ kind, text }) => `${kind}: ${text}`))]).toEqual([])
  })

  test('every curl line of it is in the table', () => {
    const curls = lines.filter(({ kind }) => kind === 'curl').map(({ text }) => oneLine(text))
    expect(curls.filter((line) => !coverage.includes(line))).toEqual([])
  })

  test('every event that it shows leaves with the members it shows, in their order', () => {
    const examples = examplesOf(document)
    // Document 004 shows none as JSON.
    expect(examples.length > 1).toBe(name !== 'agentes')
    for (const { name: event, members } of examples) {
      const leaving = goldens.filter((golden) => golden.name === event)
      expect(leaving.length, event).toBeGreaterThan(0)
      const anywhere = new Set(leaving.flatMap((golden) => golden.members))
      // Only where a webhook asks for it.
      const shown = members.filter((member) => member !== 'apikey')
      expect(
        shown.filter((member) => !anywhere.has(member)),
        event,
      ).toEqual([])
      const inOrder = leaving.some((golden) => {
        const both = golden.members.filter((member) => shown.includes(member))
        return String(both) === String(shown.filter((member) => both.includes(member)))
      })
      expect(inOrder, event).toBe(true)
    }
  })
})
