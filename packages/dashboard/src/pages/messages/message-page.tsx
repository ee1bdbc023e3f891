import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { useAppName } from '../../api/apps.ts'
import { api, ask } from '../../api/client.ts'
import { layOut } from '../../api/exact-json.ts'
import { asProblem } from '../../api/problem.ts'
import type { Message } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Code, Id } from '../../parts/code.tsx'
import { Back, Facts, Mono, Page, Panel, Row, Split } from '../../parts/layout.tsx'
import { Bones, Failure } from '../../parts/states.tsx'
import { Instant } from '../../parts/time.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay, useSession } from '../../session/session.ts'
import { Deliveries } from './deliveries.tsx'
import { destinationsQuery, messageQuery, type ShownMessage } from './queries.ts'

const route = getRouteApi('/in/messages/$appId/$messageId')

export function MessagePage() {
  const t = useTranslations('messages.detail')
  const { appId, messageId } = route.useParams()
  const message = useQuery(messageQuery(appId, messageId))
  const queries = useQueryClient()
  const say = useSay()
  const may = useMay()
  const path = { app_id: appId, msg_id: messageId }
  const resend = useMutation({
    mutationFn: async () => {
      const endpoints = await queries.fetchQuery(destinationsQuery(appId, messageId))
      for (const { id } of endpoints)
        await ask(
          api.POST('/api/v1/app/{app_id}/msg/{msg_id}/endpoint/{endpoint_id}/resend', {
            params: { path: { ...path, endpoint_id: id } },
          }),
        )
      return endpoints.length
    },
    onSuccess: async (count) => {
      say.done(t('resentAll', { count }))
      await queries.invalidateQueries({ queryKey: ['message', appId, messageId] })
    },
    onError: say.failed,
  })
  return (
    <Page
      title={message.data?.eventType ?? messageId}
      back={<Back to="/messages">{t('back')}</Back>}
      actions={
        message.data !== undefined &&
        may('operate') && (
          <Button icon={RotateCw} busy={resend.isPending} onClick={() => resend.mutate()}>
            {t('resendAll')}
          </Button>
        )
      }
    >
      {message.isPending ? (
        <Panel flush>
          <Bones />
        </Panel>
      ) : message.data === undefined ? (
        <Failure problem={asProblem(message.error)} retry={() => void message.refetch()} />
      ) : (
        <Split
          main={<Deliveries appId={appId} message={message.data} />}
          side={<About appId={appId} message={message.data} />}
        />
      )}
    </Page>
  )
}

function About({ appId, message }: { appId: string; message: ShownMessage }) {
  const t = useTranslations('messages.detail')
  const list = useTranslations('messages')
  const { kind } = useSession()
  const appName = useAppName()
  const words = (all: readonly string[]): ReactNode => (
    <Row>
      {all.map((one) => (
        <Badge key={one} plain>
          {one}
        </Badge>
      ))}
    </Row>
  )
  const rows: [string, ReactNode][] = [
    ...(kind === 'account'
      ? [
          [
            list('app'),
            <Link key="app" to="/messages" search={{ app: appId }}>
              {appName(appId)}
            </Link>,
          ] as [string, ReactNode],
        ]
      : []),
    [t('id'), <Id key="id" id={message.id} />],
    ...(message.eventId === null
      ? []
      : [[t('eventId'), <Id key="event" id={message.eventId} />] as [string, ReactNode]]),
    [t('received'), <Instant key="at" at={message.timestamp} />],
    ...(message.channels === null
      ? []
      : [[t('channels'), words(message.channels)] as [string, ReactNode]]),
    ...(message.tags === null ? [] : [[t('tags'), words(message.tags)] as [string, ReactNode]]),
    ...(message.orderingKey === null
      ? []
      : [[t('key'), <Mono key="key">{message.orderingKey}</Mono>] as [string, ReactNode]]),
    [t('priority'), message.priority],
  ]
  return (
    <>
      <Panel title={t('facts')}>
        <Facts rows={rows} />
      </Panel>
      <Panel title={t('body')}>
        {message.shut !== undefined ? (
          <Failure problem={message.shut} />
        ) : isGone(message.payload) ? (
          t('payloadGone')
        ) : (
          <Code label={t('body')} text={layOut(message.payload)} />
        )}
      </Panel>
    </>
  )
}

/** As Svix says it of a payload that was deleted, which has no other mark. */
function isGone(payload: Message['payload']): boolean {
  return JSON.stringify(payload) === '{"expired":true}'
}
