import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../../docs/reference')
const pages = [
  { file: 'clients.md', method: 'Method', yes: 'yes' },
  { file: 'clients.pt-BR.md', method: 'Método', yes: 'sim' },
]

/** The lines of a table in Markdown, without the words of any language but `501`. */
export interface Table {
  versions: string[]
  rows: { method: string; cells: ('ok' | 'absent' | 'failed' | undefined)[] }[]
}

export function markdown({ versions, rows }: Table, { method, yes } = pages[0]!): string {
  const signs = { ok: yes, absent: '501', failed: 'FAILED' }
  const lines = [
    [method, ...versions],
    ['---', ...versions.map(() => '---')],
    ...rows.map((row) => [row.method, ...row.cells.map((cell) => (cell ? signs[cell] : ''))]),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/** Puts the table and the day into the pages that show them. */
export function writePages(table: Table, day: string): void {
  for (const page of pages) {
    const path = join(folder, page.file)
    const before = readFileSync(path, 'utf8')
    const old = new RegExp(`^\\| ${page.method} \\|.*\\n(?:\\|.*\\n)+`, 'm')
    if (!old.test(before))
      throw new Error(`${page.file} has no table that begins with ${page.method}`)
    const text = before
      .replace(old, markdown(table, page))
      .replace(/\d{4}-\d\d-\d\d(, Node )[\d.]+/, `${day}$1${process.versions.node}`)
    writeFileSync(path, text)
  }
}
