import { getRouteApi, Link } from '@tanstack/react-router'
import { Mail, SearchX, Send } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useAppName } from '../../api/apps.ts'
import { api, ask } from '../../api/client.ts'
import type { FoundMessage } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Mono, Muted, Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { useMay, useSession } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { MessageFilters } from './filters.tsx'
import { sinceOf } from './search.ts'
import { Searched } from './searched.tsx'
import { SendDialog } from './send-dialog.tsx'

const route = getRouteApi('/in/messages')

export function MessagesPage() {
  const t = useTranslations('messages')
  const { kind } = useSession()
  const may = useMay()
  const [sending, setSending] = useState(false)
  const send = kind === 'account' && may('operate') && (
    <Button icon={Send} onClick={() => setSending(true)}>
      {t('send')}
    </Button>
  )
  return (
    <Page title={t('title')} actions={send}>
      <MessageFilters />
      <List send={send} />
      {sending && <SendDialog onClose={() => setSending(false)} />}
    </Page>
  )
}

function List({ send }: { send: ReactNode }) {
  const t = useTranslations('messages')
  const app = useScope()
  const { q, type, state, span, channel, tag, key, text } = route.useSearch()
  const filtered = [q, type, state, span, channel, tag, key, text].some((one) => one !== undefined)
  const columns = useColumns(app)
  return (
    <Panel flush>
      <PagedList
        linked
        label={t('title')}
        queryKey={['messages', app, q, type, state, span, channel, tag, key, text]}
        refetchMs={10_000}
        page={async (iterator) => {
          const query = {
            ...pageOf(iterator),
            ...(app !== undefined && { app_id: app }),
            ...(q !== undefined && { q }),
            ...(type !== undefined && { event_type: [type] }),
            ...(state !== undefined && { state }),
            ...(span !== undefined && { since: sinceOf(span, Date.now()) }),
            ...(channel !== undefined && { channel }),
            ...(tag !== undefined && { tag }),
            ...(key !== undefined && { ordering_key: key }),
            ...(text !== undefined && { text }),
          }
          return await ask(api.GET('/api/v1/search/message', { params: { query } }))
        }}
        columns={columns}
        rowKey={({ id }) => id}
        foot={(pages, foot) => <Searched pages={pages} filtered={filtered} {...foot} />}
        empty={
          filtered ? (
            <Empty icon={SearchX} title={t('noneFound')}>
              {t(q === undefined ? 'noneFoundHow' : 'noneCalled')}
            </Empty>
          ) : (
            <Empty icon={Mail} title={t('empty')} action={send}>
              {t('emptyHow')}
            </Empty>
          )
        }
      />
    </Panel>
  )
}

function useColumns(app: string | undefined): Column<FoundMessage>[] {
  const t = useTranslations('messages')
  const appName = useAppName()
  return [
    {
      id: 'type',
      head: t('type'),
      is: 'fill',
      cell: ({ id, appId, eventType }) => (
        <Link
          className={rowLink}
          to="/messages/$appId/$messageId"
          params={{ appId, messageId: id }}
        >
          {eventType}
        </Link>
      ),
    },
    ...(app === undefined
      ? [
          {
            id: 'app',
            head: t('app'),
            is: 'name' as const,
            minor: true,
            cell: ({ appId }: FoundMessage) => appName(appId),
          },
        ]
      : []),
    {
      id: 'id',
      head: t('message'),
      is: 'nowrap',
      minor: true,
      cell: ({ id }) => <Mono>{id}</Mono>,
    },
    {
      id: 'event',
      head: t('event'),
      is: 'name',
      minor: true,
      cell: ({ eventId }) => eventId !== null && <Mono>{eventId}</Mono>,
    },
    {
      id: 'states',
      head: t('delivery'),
      is: 'nowrap',
      cell: (one) => <States one={one} />,
    },
    { id: 'at', head: t('received'), ago: ({ createdAt }) => createdAt },
  ]
}

/** How a message's deliveries stand: the state that asks for a look first, and of how many. */
function States({ one }: { one: FoundMessage }) {
  const t = useTranslations('messages')
  const { delivered, waiting, exhausted, discarded } = one.states
  if (one.unmatched !== null) return <Badge>{t('stateUnmatched')}</Badge>
  const count = exhausted || waiting || delivered || discarded
  const total = delivered + waiting + exhausted + discarded
  if (count === 0) return null
  const badge =
    exhausted > 0 ? (
      <Badge tone="bad">{t('stateExhausted', { count })}</Badge>
    ) : waiting > 0 ? (
      <Badge tone="info">{t('stateWaiting', { count })}</Badge>
    ) : delivered > 0 ? (
      <Badge tone="good">{t('stateDelivered', { count })}</Badge>
    ) : (
      <Badge>{t('stateDiscarded', { count })}</Badge>
    )
  return (
    <>
      {badge} {total > count && <Muted>{t('ofAll', { count: String(total) })}</Muted>}
    </>
  )
}
