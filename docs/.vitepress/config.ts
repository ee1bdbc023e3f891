// The site of these pages: `npm run docs`. stage.ts lays the pages out first.
import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'
import { linksBetween } from './links.ts'
import { setUp, slugify } from './markdown.ts'
import { menu } from './menu.ts'
import { manifest, type Page } from './pages.ts'
import { portuguese, searchInPortuguese } from './words.ts'

const pages = JSON.parse(readFileSync(manifest, 'utf8')) as Page[]
/** Where the site is not at the root of its host: `/pombo/`. */
const base = process.env.DOCS_BASE ?? '/'

export default defineConfig({
  srcDir: '.vitepress/made/pages',
  title: 'Pombo',
  description: 'Webhook delivery you host yourself',
  base,
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: `${base}pombo.svg`, type: 'image/svg+xml' }]],
  markdown: {
    config: (md) => setUp(md, linksBetween(pages), base),
    anchor: { slugify },
    toc: { slugify },
    headers: { slugify },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    languageAlias: { promql: 'text', cel: 'text' },
  },
  locales: {
    root: {
      label: 'English',
      lang: 'en',
      themeConfig: { nav: nav(''), sidebar: menu(pages, 'en') },
    },
    'pt-BR': {
      label: 'Português',
      lang: 'pt-BR',
      description: 'Entrega de webhooks que você mesmo hospeda',
      themeConfig: { ...portuguese, nav: nav('/pt-BR'), sidebar: menu(pages, 'pt-BR') },
    },
  },
  themeConfig: {
    logo: { src: '/pombo.svg', alt: '' },
    outline: [2, 3],
    search: {
      provider: 'local',
      options: { locales: { 'pt-BR': { translations: searchInPortuguese } } },
    },
  },
})

function nav(prefix: '' | '/pt-BR') {
  const words =
    prefix === ''
      ? { start: 'Quick start', operate: 'Operate', api: 'API', compare: 'Compare' }
      : { start: 'Comece', operate: 'Opere', api: 'API', compare: 'Compare' }
  const links = { start: 'start', operate: 'guides/deploy', api: 'api/', compare: 'compare' }
  return (Object.keys(links) as (keyof typeof links)[])
    .filter((one) => pages.some(({ id }) => id === links[one].replace(/\/$/, '/index')))
    .map((one) => ({ text: words[one], link: `${prefix}/${links[one]}` }))
}
