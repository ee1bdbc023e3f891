import {
  Activity,
  Boxes,
  Building2,
  CircleX,
  FileClock,
  Gauge,
  KeyRound,
  LayoutTemplate,
  Mail,
  PanelsTopLeft,
  PlugZap,
  Radio,
  Server,
  ShieldCheck,
  Tags,
  Webhook,
} from 'lucide-react'
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import type { Session } from '../api/shapes.ts'
import { useSession } from '../session/session.ts'
import styles from './shell.module.css'

type Portal = NonNullable<Session['portal']>['pages'][number]

interface Entry {
  to: (typeof pages)[number]['to']
  word: (typeof pages)[number]['word']
}

/** `portal`: its name among the pages that an operator lets their customers see. */
const pages = [
  { group: 'groupWatch', to: '/overview', word: 'overview', icon: Gauge },
  { group: 'groupWatch', to: '/live', word: 'live', icon: Activity, portal: 'live' },
  { group: 'groupWatch', to: '/messages', word: 'messages', icon: Mail, portal: 'messages' },
  { group: 'groupWatch', to: '/failed', word: 'failed', icon: CircleX, portal: 'failed' },
  { group: 'groupSetUp', to: '/endpoints', word: 'endpoints', icon: Webhook, portal: 'endpoints' },
  {
    group: 'groupSetUp',
    to: '/templates',
    word: 'templates',
    icon: LayoutTemplate,
    portal: 'endpoints',
  },
  { group: 'groupSetUp', to: '/sources', word: 'sources', icon: Radio },
  { group: 'groupSetUp', to: '/event-types', word: 'eventTypes', icon: Tags, portal: 'eventTypes' },
  { group: 'groupSetUp', to: '/apps', word: 'apps', icon: Boxes },
  { group: 'groupAccount', to: '/keys', word: 'keys', icon: KeyRound },
  { group: 'groupAccount', to: '/operational', word: 'operational', icon: PlugZap },
  { group: 'groupAccount', to: '/portal-settings', word: 'portal', icon: PanelsTopLeft },
  { group: 'groupAccount', to: '/audit', word: 'audit', icon: FileClock },
  { group: 'groupAccount', to: '/privacy', word: 'privacy', icon: ShieldCheck },
  { group: 'groupAccount', to: '/tenants', word: 'tenants', icon: Building2, operator: true },
  { group: 'groupAccount', to: '/system', word: 'system', icon: Server, operator: true },
] as const

const groups = ['groupWatch', 'groupSetUp', 'groupAccount'] as const

/** What a session may open, in the order of the navigation. */
function pagesOf(session: Session): readonly Entry[] {
  if (session.kind === 'portal') {
    const shown: readonly Portal[] = session.portal?.pages ?? []
    return pages.filter((page) => 'portal' in page && shown.includes(page.portal))
  }
  return pages.filter((page) => !('operator' in page) || session.operator)
}

/** Where a session begins: who comes by a link from elsewhere comes for what was sent, and not to wait for more. */
export function firstPage(session: Session): Entry['to'] | undefined {
  const allowed = pagesOf(session).map(({ to }) => to)
  return session.kind === 'portal' && allowed.includes('/messages') ? '/messages' : allowed[0]
}

/**
 * Whether a session may open a page, by the id of its route. In a portal that is what the operator shows; a message is
 * reached from several pages, and so is with any of them.
 */
export function mayOpen(session: Session, routeId: string): boolean {
  if (session.kind !== 'portal') return true
  const [, , page, ...rest] = routeId.split('/')
  if (page === undefined || page === '' || (page === 'messages' && rest.length > 0)) return true
  const shown = page === 'tasks' ? 'failed' : page
  return pagesOf(session).some(({ to }) => to === `/${shown}`)
}

export function Navigation({ onPick }: { onPick?: () => void }) {
  const t = useTranslations('shell')
  const allowed = new Set(pagesOf(useSession()).map(({ to }) => to))
  return (
    <nav className={styles.groups} aria-label={t('navigation')}>
      {groups.map((group) => {
        const own = pages.filter((page) => page.group === group && allowed.has(page.to))
        if (own.length === 0) return null
        return (
          <div key={group} className={styles.group}>
            <h2>{t(group)}</h2>
            <ul>
              {own.map(({ to, word, icon: Icon }) => (
                <li key={to}>
                  <Link
                    to={to}
                    className={styles.link}
                    activeOptions={{ includeSearch: false }}
                    {...(onPick && { onClick: onPick })}
                  >
                    <Icon size={15} aria-hidden />
                    {t(word)}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        )
      })}
    </nav>
  )
}
