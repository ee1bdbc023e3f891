// Links between files of the repository, as GitHub follows them, made into links of the site. What is no page but a
// file is published beside the pages; what is not there stops the build.
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { addressOf, type Language, type Page, root, staged, stagedFile } from './pages.ts'

export type Target = { kind: 'page' | 'file'; href: string } | { kind: 'folder' }

/** Where a link leads that stands on the page staged at `file`; undefined where it is not a file's name. */
export type Resolve = (href: string, file: string) => Target | undefined

export function linksBetween(pages: readonly Page[]): Resolve {
  const atFile = new Map(pages.map((page) => [stagedFile(page), page]))
  const bySource = new Map(pages.map((page) => [page.source, page]))
  const byId = new Map(pages.map((page) => [`${page.language} ${page.id}`, page]))
  const inLanguage = (id: string, language: Language) => byId.get(`${language} ${id}`)

  return (href, file) => {
    const page = atFile.get(file)
    if (page === undefined) throw new Error(`${file} is not a staged page`)
    if (/^([a-z][\w+.-]*:|#|\/)/i.test(href)) return undefined
    const { source = `docs/${page.id}.md` } = page
    const [, path, hash] = /^([^#?]*)(.*)$/.exec(decodeURI(href))!
    const target = relative(root, join(root, dirname(source), path!))
    const home = /^README(\.pt-BR)?\.md$/.test(target) ? 'index' : undefined
    const id = home ?? bySource.get(target)?.id ?? madeId(target, byId)
    const found = id === undefined ? undefined : inLanguage(id, page.language)
    if (found !== undefined) return { kind: 'page', href: addressOf(found) + hash }
    const onDisk = join(root, target)
    if (target.startsWith('..') || !existsSync(onDisk))
      throw new Error(`${source}: the link to ${href} is dead: there is no ${target}`)
    if (statSync(onDisk).isDirectory()) return { kind: 'folder' }
    const published = join(staged, 'public/repository', target)
    mkdirSync(dirname(published), { recursive: true })
    cpSync(onDisk, published)
    return { kind: 'file', href: `/repository/${target}` }
  }
}

/** A page without a file of its own is linked as if it had one: `api/endpoint.md`. */
function madeId(target: string, byId: ReadonlyMap<string, Page>): string | undefined {
  const id = target.replace(/^docs\//, '').replace(/\.md$/, '')
  return byId.has(`en ${id}`) && byId.get(`en ${id}`)!.source === undefined ? id : undefined
}
