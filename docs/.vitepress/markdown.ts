// Pages are written for GitHub too. There a pair of braces is two braces and `<word>` is a word; Vue would read the
// one as an expression and the other as a component.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import { type Resolve } from './links.ts'
import { docs } from './pages.ts'

const htmlThatIsMeant =
  /^<\/?(a|b|br|code|details|div|em|img|kbd|li|p|small|span|strong|sub|summary|sup|ul)\b[^]*>$/

export function setUp(md: MarkdownRenderer, resolve: Resolve, base: string): void {
  md.core.ruler.push('links-of-the-site', (state) => {
    const { path } = state.env as { path: string }
    for (const { children } of state.tokens)
      for (const [at, token] of (children ?? []).entries()) {
        if (token.type !== 'link_open') continue
        const target = resolve(token.attrGet('href') ?? '', path)
        if (target === undefined) continue
        if (target.kind === 'page') token.attrSet('href', target.href)
        else if (target.kind === 'file') {
          token.attrSet('href', base.replace(/\/$/, '') + target.href)
          token.attrSet('target', '_blank')
        } else {
          // There is nothing to be shown of a folder: its name alone.
          token.tag = 'span'
          token.attrs = null
          const close = children!.slice(at).find(({ type }) => type === 'link_close')
          if (close !== undefined) close.tag = 'span'
        }
      }
  })

  const { rules } = md.renderer
  rules['text'] = (tokens, at) => plain(tokens[at]!.content)
  rules['code_inline'] = (tokens, at) => `<code v-pre>${escape(tokens[at]!.content)}</code>`
  const html = (text: string) => {
    if (/^\s*<!--[^]*-->\s*$/.test(text)) return ''
    return htmlThatIsMeant.test(text.trim()) ? text : plain(text)
  }
  rules['html_inline'] = (tokens, at) => html(tokens[at]!.content)
  rules['html_block'] = (tokens, at) => html(tokens[at]!.content)

  const image = rules['image']!
  rules['image'] = (tokens, at, options, env, self) => {
    const src = tokens[at]!.attrGet('src') ?? ''
    const drawing = /drawings\/([\w.-]+\.svg)$/.exec(src)?.[1]
    if (drawing === undefined) return image(tokens, at, options, env, self)
    return drawn(drawing, tokens[at]!.content)
  }
}

/** Inside the page, a drawing takes the page's colours, and changes with them. */
function drawn(name: string, words: string): string {
  const svg = readFileSync(join(docs, 'drawings', name), 'utf8')
    .replace(/<style>[^]*?<\/style>/, '')
    .replace(/<title>[^]*?<\/title>/, '')
    .replace('<svg ', `<svg role="img" aria-label="${escape(words)}" `)
  return `<span class="drawing">${plainBraces(svg.replaceAll(/\n\s*/g, ''))}</span>`
}

function plain(text: string): string {
  return plainBraces(escape(text))
}

function plainBraces(text: string): string {
  return text.replaceAll('{{', '&#123;&#123;')
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** As GitHub makes them of headings, so that a link to one works in both places. */
export function slugify(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-')
}
