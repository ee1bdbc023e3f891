import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { layOut } from '../../api/exact-json.ts'
import { asProblem } from '../../api/problem.ts'
import type { Attempt, Message, SentRequest } from '../../api/shapes.ts'
import { Code } from '../../parts/code.tsx'
import { Bones, Detail, Notice } from '../../parts/states.tsx'
import styles from './deliveries.module.css'
import { sentQuery } from './queries.ts'
import { verifyCode } from './verify-code.ts'

/** What an attempt sent: the request line, headers without secrets, body, signature and how to check it. */
export function SentRequest({
  appId,
  attempt,
  message,
}: {
  appId: string
  attempt: Attempt
  message: Message
}) {
  const t = useTranslations('messages.detail')
  const sent = useQuery(sentQuery(appId, message.id, attempt.id))
  if (sent.data !== undefined) return <Request request={sent.data} />
  if (sent.error === null) return <Bones rows={4} />
  return (
    <>
      <Code label={t('request')} text={`POST ${attempt.url}`} />
      <Notice tone="info">
        <Detail problem={asProblem(sent.error)} />
      </Notice>
    </>
  )
}

function Request({ request }: { request: SentRequest }) {
  const t = useTranslations('messages.detail')
  const doubts = useTranslations('messages.doubts')
  const { signature } = request
  const head = request.headers.map(({ name, value }) => `${name}: ${value ?? t('hidden')}`)
  return (
    <>
      {request.doubts.map((doubt) => (
        <Notice key={doubt} tone="warn">
          {doubts(doubt)}
        </Notice>
      ))}
      <Code label={t('headers')} text={[`POST ${request.url}`, ...head].join('\n')} />
      <h3>{t('body')}</h3>
      <Code label={t('body')} text={layOut(request.body)} copy={request.body} />
      <h3>{t('verify')}</h3>
      {signature === null ? (
        <p className={styles.note}>{t('unsigned')}</p>
      ) : (
        <>
          <p className={styles.note}>
            {t('verifyHow', { header: signature.header, content: signature.content || 'JWT' })}
          </p>
          <Code label={t('verify')} text={verifyCode(signature)} />
        </>
      )}
    </>
  )
}
