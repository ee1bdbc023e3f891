// node docs/.vitepress/stage.ts: copies every page to where its address says, and the list of all into pages.json.
// VitePress has `rewrites` for that, but its search takes a page's language from the file as it was named before.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { apiPages } from './api-pages.ts'
import { filePages, manifest, type Page, root, staged, stagedFile } from './pages.ts'

const borrowedNote = '> Esta página só existe em inglês.'

export async function stage(): Promise<void> {
  const texts = new Map<Page, string>()
  for (const { id, language, source } of filePages()) {
    const text = bare(readFileSync(join(root, source), 'utf8'))
    texts.set({ id, language, source, borrowed: false, title: titleOf(text, source) }, text)
  }
  for (const [id, text] of await apiPages())
    texts.set({ id, language: 'en', borrowed: false, title: titleOf(text, id) }, text)
  const pages = [...texts.keys()]
  const portuguese = new Set(pages.filter((one) => one.language === 'pt-BR').map(({ id }) => id))
  for (const page of pages.filter((one) => one.language === 'en' && !portuguese.has(one.id)))
    texts.set({ ...page, language: 'pt-BR', borrowed: true }, withNote(texts.get(page)!))

  rmSync(dirname(manifest), { recursive: true, force: true })
  for (const [page, text] of texts) write(stagedFile(page), text)
  write(manifest, JSON.stringify([...texts.keys()], null, 2))
  mkdirSync(join(staged, 'public'), { recursive: true })
  // Where pages of either language look for them; the build takes those that are shown.
  for (const folder of ['images', 'pt-BR/images'])
    cpSync(join(root, 'docs/images'), join(staged, folder), { recursive: true })
  cpSync(join(root, 'packages/dashboard/public/pombo.svg'), join(staged, 'public/pombo.svg'))
}

/** Without what leads to the other language, which the site's head does. */
function bare(text: string): string {
  return text
    .replace(/^(Em português|In English): \[[^\]\n]+\]\([^)\n]+\)\.?[ \n]/m, '')
    .replace(/^\*?\[(Em português|Português|In English|English)\]\([^)\n]+\)\*?\n/m, '')
}

function titleOf(text: string, source: string): string {
  const title = /^title: (.+)$/m.exec(/^---\n(.*?)^---$/ms.exec(text)?.[1] ?? '')?.[1]
  const found = title ?? /^# (.+)$/m.exec(text)?.[1]
  if (found === undefined)
    throw new Error(`${source} has no title: it needs a line that begins with "# "`)
  return found.replaceAll(/`/g, '')
}

function withNote(text: string): string {
  return text.replace(/^# .+$/m, (line) => `${line}\n\n${borrowedNote}`)
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

if (import.meta.main) {
  await stage()
  process.exit() // what the API's routes were made with is still open
}
