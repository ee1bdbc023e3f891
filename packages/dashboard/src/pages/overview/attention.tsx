import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheckBig } from 'lucide-react'
import type { ReactNode } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import type { Overview } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { buttonClass } from '../../parts/button.tsx'
import { Muted, Panel } from '../../parts/layout.tsx'
import { Bones, Empty } from '../../parts/states.tsx'
import { useScope } from '../../shell/scope.ts'
import { useCauseWords } from '../failed/cause-words.ts'
import { failuresQuery } from '../failed/queries.ts'
import styles from './overview.module.css'

const SHOWN = 6

/** What somebody has to look at, by cause, each with the way to its remedy. */
export function Attention({ now }: { now: Overview }) {
  const t = useTranslations('overview')
  const failed = useTranslations('failed')
  const words = useCauseWords()
  const format = useFormatter()
  const scope = useScope()
  const causes = useQuery(failuresQuery({ scope, span: '24h', group: 'cause' }))
  // What only failed on the way and was delivered since needs nobody.
  const open = causes.data?.filter(({ givenUp, lastAt }) => givenUp > 0 || isRecent(lastAt, now.at))
  const { openCircuits, disabled } = now.endpoints
  const quiet = openCircuits === 0 && disabled === 0 && now.sources.silent === 0
  const time = (at: string): string =>
    format.dateTime(new Date(at), {
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
    })
  return (
    <Panel title={t('attention')} flush>
      {open === undefined ? (
        <Bones rows={2} />
      ) : open.length === 0 && quiet ? (
        <Empty icon={CircleCheckBig} title={t('allWell')}>
          {t('allWellHow')}
        </Empty>
      ) : (
        <ul className={styles.list}>
          {open.slice(0, SHOWN).map((one) => (
            <Line
              key={one.cause.code}
              tone={one.givenUp > 0 ? 'bad' : 'warn'}
              what={words(one.cause)}
              link={
                <Link
                  to="/failed"
                  search={{ span: '24h', group: 'endpoint', cause: one.cause.code }}
                  className={buttonClass({ small: true })}
                >
                  {t('look')}
                </Link>
              }
            >
              <strong>{failed('whoCount', { endpoints: one.endpoints, apps: one.apps })}</strong>
              <Muted>
                {t('since', { time: time(one.firstAt) })} · {t('failures', { count: one.count })}
                {one.givenUp > 0 && ` · ${t('givenUp', { count: one.givenUp })}`}
              </Muted>
            </Line>
          ))}
          {openCircuits > 0 && (
            <Line tone="bad" what={failed('endpoint')} link={<EndpointsLink state="open" />}>
              <strong>{t('circuits', { count: openCircuits })}</strong>
            </Line>
          )}
          {disabled > 0 && (
            <Line tone="warn" what={failed('endpoint')} link={<EndpointsLink state="disabled" />}>
              <strong>{t('disabled', { count: disabled })}</strong>
            </Line>
          )}
          {now.sources.silent > 0 && (
            <Line
              tone="warn"
              what={t('sources')}
              link={
                <Link to="/sources" className={buttonClass({ small: true })}>
                  {t('look')}
                </Link>
              }
            >
              <strong>{t('silent', { count: now.sources.silent })}</strong>
            </Line>
          )}
        </ul>
      )}
    </Panel>
  )
}

const RECENT_MS = 600_000

function isRecent(at: string, now: string): boolean {
  return Date.parse(now) - Date.parse(at) < RECENT_MS
}

function EndpointsLink({ state }: { state: 'open' | 'disabled' }) {
  const t = useTranslations('overview')
  return (
    <Link to="/endpoints" search={{ state }} className={buttonClass({ small: true })}>
      {t('look')}
    </Link>
  )
}

function Line({
  tone,
  what,
  link,
  children,
}: {
  tone: Tone
  what: string
  link: ReactNode
  children: ReactNode
}) {
  return (
    <li>
      <Badge tone={tone}>{what}</Badge>
      {children}
      {link}
    </li>
  )
}
