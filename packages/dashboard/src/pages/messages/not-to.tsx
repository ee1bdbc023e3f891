import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import type { Explanation } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Code } from '../../parts/code.tsx'
import { Panel } from '../../parts/layout.tsx'
import { Sentence } from '../../parts/sentence.tsx'
import styles from './deliveries.module.css'
import { explainQuery } from './queries.ts'

/** The endpoints that did not get a message, each with its reason. */
export function NotTo({ appId, messageId }: { appId: string; messageId: string }) {
  const t = useTranslations('messages.detail')
  const explained = useQuery(explainQuery(appId, messageId))
  const left = explained.data?.data.filter(({ got }) => !got) ?? []
  if (left.length === 0) return null
  return (
    <Panel flush title={t('notTo', { count: left.length })}>
      <ul className={styles.left}>
        {left.map((one) => (
          <LeftOut key={one.endpointId} appId={appId} one={one} />
        ))}
      </ul>
      {explained.data?.done === false && <p className={styles.summary}>{t('notToMore')}</p>}
    </Panel>
  )
}

function LeftOut({ appId, one }: { appId: string; one: Explanation }) {
  const t = useTranslations('messages.because')
  const { setting } = one
  return (
    <li>
      <Link
        to="/endpoints/$appId/$endpointId"
        params={{ appId, endpointId: one.endpointId }}
        className={styles.url}
      >
        {one.url}
      </Link>
      <Badge plain>{t(`short.${one.because}`)}</Badge>
      <p className={styles.note}>
        {t(one.because)} {one.reason !== null && <Why one={one} reason={one.reason} />}
        {one.changedSince && one.because !== 'newer' && ` ${t('changedSince')}`}
      </p>
      {setting !== null && (
        <div className={styles.setting}>
          <Code
            label={t(`short.${one.because}`)}
            text={typeof setting === 'string' ? setting : setting.join('\n')}
          />
        </div>
      )}
    </li>
  )
}

/** What the chat filter says is a word; all else is a sentence. */
function Why({ one, reason }: { one: Explanation; reason: string }) {
  const t = useTranslations('messages.chat')
  if (one.because === 'chat-filter' && t.has(reason as 'noise')) return t(reason as 'noise')
  return <Sentence text={reason} coded={one.reasonCoded} />
}
