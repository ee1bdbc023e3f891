import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import type { Attempt, EndpointOfMessage, Message } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Panel, Row, Stack } from '../../parts/layout.tsx'
import { Sentence } from '../../parts/sentence.tsx'
import { Bones, Empty, Failure } from '../../parts/states.tsx'
import { Ago } from '../../parts/time.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay } from '../../session/session.ts'
import { AttemptLine } from './attempt-line.tsx'
import styles from './deliveries.module.css'
import { NotTo } from './not-to.tsx'
import { attemptsQuery, destinationsQuery, explainQuery } from './queries.ts'
import { StatusBadge } from './states.tsx'

/** Who got a message, who did not and why, and each attempt on its line. */
export function Deliveries({ appId, message }: { appId: string; message: Message }) {
  const t = useTranslations('messages.detail')
  const destinations = useQuery(destinationsQuery(appId, message.id))
  const attempts = useQuery(attemptsQuery(appId, message.id))
  const problem = destinations.error ?? attempts.error
  if (destinations.data === undefined || attempts.data === undefined) {
    return (
      <Panel title={t('deliveries')} flush>
        {problem === null ? <Bones rows={4} /> : <Failure problem={asProblem(problem)} />}
      </Panel>
    )
  }
  return (
    <Stack>
      {destinations.data.length === 0 && (
        <Panel title={t('deliveries')}>
          <Empty title={t('nobody')}>{t('nobodyHow')}</Empty>
        </Panel>
      )}
      {destinations.data.map((endpoint) => (
        <Delivery
          key={endpoint.id}
          appId={appId}
          message={message}
          endpoint={endpoint}
          attempts={attempts.data.filter(({ endpointId }) => endpointId === endpoint.id)}
        />
      ))}
      <NotTo appId={appId} messageId={message.id} />
    </Stack>
  )
}

function Delivery({
  appId,
  message,
  endpoint,
  attempts,
}: {
  appId: string
  message: Message
  endpoint: EndpointOfMessage
  attempts: Attempt[]
}) {
  const t = useTranslations('messages.detail')
  const say = useSay()
  const may = useMay()
  const because = useTranslations('messages.because')
  const explained = useQuery(explainQuery(appId, message.id))
  const why = explained.data?.data.find(({ endpointId }) => endpointId === endpoint.id)
  const held =
    endpoint.statusText === 'pending' &&
    (why?.because === 'paused' || why?.because === 'circuit-open')
  const queries = useQueryClient()
  const path = { app_id: appId, msg_id: message.id, endpoint_id: endpoint.id }
  const done = async (): Promise<void> => {
    say.done(t('resent'))
    await queries.invalidateQueries({ queryKey: ['message', appId, message.id] })
  }
  const resend = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend', {
          params: { path },
        }),
      ),
    onSuccess: done,
    onError: say.failed,
  })
  return (
    <Panel
      flush
      title={
        <Row>
          <StatusBadge status={endpoint.statusText} />
          <Link
            to="/endpoints/$appId/$endpointId"
            params={{ appId, endpointId: endpoint.id }}
            className={styles.url}
          >
            {endpoint.url}
          </Link>
        </Row>
      }
      actions={
        may('operate') && (
          <Button
            small
            icon={RotateCw}
            iconSize={12}
            busy={resend.isPending}
            onClick={() => resend.mutate()}
          >
            {t('resend')}
          </Button>
        )
      }
    >
      <div className={styles.summary}>
        {t('attempts', { count: attempts.length })}
        {endpoint.nextAttempt !== null && !held && (
          <>
            {' · '}
            {t.rich('next', { when: () => <Ago at={endpoint.nextAttempt} /> })}
          </>
        )}
        {held && <> · {because(why.because)}</>}
        {endpoint.reason !== null && (
          <>
            {' '}
            · <Sentence text={endpoint.reason} coded={endpoint.reasonCoded} />
          </>
        )}
      </div>
      {attempts.length > 0 && (
        <ol className={styles.line}>
          {attempts.map((attempt) => (
            <AttemptLine key={attempt.id} appId={appId} attempt={attempt} message={message} />
          ))}
        </ol>
      )}
    </Panel>
  )
}
