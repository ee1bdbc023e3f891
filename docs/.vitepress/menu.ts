// The menu: groups of pages, whose names are their titles. A page in no group stops the build.
import { addressOf, type Language, type Page } from './pages.ts'

interface Group {
  en: string
  pt: string
  /** Ids; `guides/migrate/*` is all of these that are not named before. */
  pages: string[]
  open?: boolean
}

const groups: Group[] = [
  { en: 'Begin', pt: 'Comece', pages: ['start', 'concepts'], open: true },
  {
    en: 'Use it',
    pt: 'Use',
    pages: [
      'guides/endpoints',
      'guides/access',
      'guides/destinations',
      'guides/privacy',
      'guides/n8n',
      'guides/verify',
      'guides/*',
    ],
    open: true,
  },
  {
    en: 'Events in',
    pt: 'Eventos que chegam',
    pages: [
      'guides/gateways/index',
      'guides/gateways/*',
      'guides/webhooks-in',
      'guides/postgresql',
      'guides/redis',
      'guides/brokers',
    ],
  },
  { en: 'Move to Pombo', pt: 'Mude para o Pombo', pages: ['guides/migrate/*'] },
  {
    en: 'Operate it',
    pt: 'Opere',
    pages: [
      'guides/deploy',
      'operations/sizing',
      'operations/scale',
      'operations/upgrades',
      'guides/backup',
      'operations/availability',
      'operations/nodes',
      'operations/drills',
      'operations/*',
      'guides/observability',
      'guides/alerts',
      'performance',
    ],
  },
  {
    en: 'Security',
    pt: 'Segurança',
    pages: ['security/threats', 'security/hardening', 'security/*', 'project/security'],
  },
  {
    en: 'Reference',
    pt: 'Referência',
    pages: [
      'reference/configuration',
      'reference/errors',
      'reference/clients',
      'reference/dialects',
      'reference/*',
    ],
  },
  { en: 'API', pt: 'API', pages: ['api/index', 'api/*'] },
  { en: 'Packages', pt: 'Pacotes', pages: ['packages/*'] },
  {
    en: 'The project',
    pt: 'O projeto',
    pages: ['compare', 'project/architecture', 'project/contributing', 'project/changelog'],
  },
  { en: 'Decisions', pt: 'Decisões', pages: ['decisions/*'] },
]

export interface MenuGroup {
  text: string
  collapsed: boolean
  items: { text: string; link: string }[]
}

export function menu(pages: readonly Page[], language: Language): MenuGroup[] {
  const own = pages.filter((page) => page.language === language)
  const named = new Set(groups.flatMap((group) => group.pages))
  const missing = own.filter(
    ({ id }) =>
      id !== 'index' &&
      !named.has(id) &&
      !groups.some((group) => group.pages.some((one) => takes(one, id))),
  )
  if (missing.length > 0) {
    const list = missing.map(({ id }) => id).join(', ')
    throw new Error(`docs/.vitepress/menu.ts has no group for ${list}`)
  }
  return groups
    .map((group) => ({
      text: language === 'en' ? group.en : group.pt,
      collapsed: group.open !== true,
      items: group.pages.flatMap((one) =>
        own
          .filter(({ id }) => id === one || (!named.has(id) && takes(one, id)))
          .map((page) => ({ text: shown(page), link: addressOf(page) })),
      ),
    }))
    .filter(({ items }) => items.length > 0)
}

function takes(pattern: string, id: string): boolean {
  if (!pattern.endsWith('/*')) return false
  const rest = id.startsWith(pattern.slice(0, -1)) ? id.slice(pattern.length - 1) : undefined
  return rest !== undefined && (!rest.includes('/') || pattern === 'reference/*')
}

/** Of a title what stands before its colon or its first comma; that a page is in English is said. */
function shown({ title, borrowed }: Page): string {
  const short = title.replace(/(: |, (in a|em um) ).*$/, '')
  return borrowed ? `${short} <span class="language">en</span>` : short
}
