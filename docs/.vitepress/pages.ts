// Which file of the repository is which page of the site. English is at the root and Portuguese below /pt-BR; a page
// that is in English alone is there a second time, so that nobody who changes the language falls out of the site.
import { globSync } from 'node:fs'
import { join } from 'node:path'

export type Language = 'en' | 'pt-BR'

export interface Page {
  /** Without language and ending: `guides/deploy`; `guides/gateways/index` for a folder's own page. */
  id: string
  language: Language
  /** From the root of the repository. What is made while staging has none. */
  source?: string
  /** The page is shown in Portuguese's place, but says it in English. */
  borrowed: boolean
  title: string
}

export const docs = join(import.meta.dirname, '..')
export const root = join(docs, '..')
/** What VitePress reads: every page where its address says. */
export const staged = join(docs, '.vitepress/made/pages')
export const manifest = join(docs, '.vitepress/made/pages.json')

/** Files outside of docs/ which are pages too. */
const elsewhere: Record<string, string> = {
  'ARCHITECTURE.md': 'project/architecture',
  'CHANGELOG.md': 'project/changelog',
  'CONTRIBUTING.md': 'project/contributing',
  'SECURITY.md': 'project/security',
  'packages/baileys/README.md': 'packages/baileys',
  'packages/baileys/README.pt-BR.md': 'packages/baileys',
  'packages/n8n-nodes-pombo/README.md': 'packages/n8n-nodes-pombo',
  'packages/n8n-nodes-pombo/README.pt-BR.md': 'packages/n8n-nodes-pombo',
  'packages/portal/README.md': 'packages/portal',
  'packages/portal/README.pt-BR.md': 'packages/portal',
  'packages/sdk/README.md': 'packages/sdk',
  'packages/server/src/dialects/agentes/README.md': 'reference/dialects/agentes',
  'packages/server/src/dialects/device-status/README.md': 'reference/dialects/device-status',
  'packages/server/src/dialects/evolution/README.md': 'reference/dialects/evolution',
  'packages/server/src/dialects/whatsmeow/README.md': 'reference/dialects/whatsmeow',
  'packages/server/src/dialects/zaphub/README.md': 'reference/dialects/zaphub',
}

/** Pages of files, by id and language. */
export function filePages(): { id: string; language: Language; source: string }[] {
  const own = globSync('**/*.md', { cwd: docs, exclude: (name) => name === 'node_modules' })
  return [
    ...own.toSorted().map((file) => ({ ...placeOf(file), source: `docs/${file}` })),
    ...Object.entries(elsewhere).map(([source, id]) => ({ id, ...languageOf(source), source })),
  ]
}

function placeOf(file: string): { id: string; language: Language } {
  const portuguese = /\.pt-BR\.md$|^guides\/gateways\/pt\//.test(file)
  const id = file
    .replace(/(\.pt-BR)?\.md$/, '')
    .replace(/^guides\/gateways\/(en|pt)\//, 'guides/gateways/')
    .replace(/(^|\/)README$/, '$1index')
  return { id, language: portuguese ? 'pt-BR' : 'en' }
}

function languageOf(file: string): { language: Language } {
  return { language: file.endsWith('.pt-BR.md') ? 'pt-BR' : 'en' }
}

/** Where VitePress finds it. */
export function stagedFile({ id, language }: Pick<Page, 'id' | 'language'>): string {
  return join(staged, language === 'en' ? '' : language, `${id}.md`)
}

/** Its address on the site. */
export function addressOf({ id, language }: Pick<Page, 'id' | 'language'>): string {
  return `/${language === 'en' ? '' : `${language}/`}${id}`.replace(/(^|\/)index$/, '$1')
}
