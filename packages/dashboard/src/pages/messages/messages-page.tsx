import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Mail, SearchX, Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Message } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Mono, Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Bones, Empty } from '../../parts/states.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { Ago } from '../../parts/time.tsx'
import { useMay, useSession } from '../../session/session.ts'
import { NoApp } from '../../shell/no-app.tsx'
import { useOneApp } from '../../shell/one-app.ts'
import { MessageFilters } from './filters.tsx'
import { sinceOf } from './search.ts'
import { SendDialog } from './send-dialog.tsx'

const route = getRouteApi('/in/messages')

export function MessagesPage() {
  const t = useTranslations('messages')
  const { app, pending } = useOneApp()
  const { kind } = useSession()
  const may = useMay()
  const [sending, setSending] = useState(false)
  return (
    <Page
      title={t('title')}
      actions={
        kind === 'account' &&
        may('operate') && (
          <Button icon={<Send size={14} aria-hidden />} onClick={() => setSending(true)}>
            {t('send')}
          </Button>
        )
      }
    >
      {app === undefined ? (
        <Panel flush>{pending ? <Bones /> : <NoApp />}</Panel>
      ) : (
        <List app={app} />
      )}
      {sending && <SendDialog onClose={() => setSending(false)} />}
    </Page>
  )
}

function List({ app }: { app: string }) {
  const t = useTranslations('messages')
  const navigate = useNavigate()
  const { type, span, channel, tag } = route.useSearch()
  const filtered = [type, span, channel, tag].some((one) => one !== undefined)
  const columns: Column<Message>[] = [
    {
      id: 'type',
      head: t('type'),
      is: 'nowrap',
      cell: ({ id, eventType }) => (
        <Link
          className={rowLink}
          to="/messages/$appId/$messageId"
          params={{ appId: app, messageId: id }}
        >
          {eventType}
        </Link>
      ),
    },
    { id: 'id', head: t('message'), is: 'fill', cell: ({ id }) => <Mono>{id}</Mono> },
    {
      id: 'event',
      head: t('event'),
      is: 'nowrap',
      minor: true,
      cell: ({ eventId }) => eventId !== null && <Mono>{eventId}</Mono>,
    },
    {
      id: 'unmatched',
      head: t('delivery'),
      is: 'nowrap',
      minor: true,
      cell: ({ unmatched }) =>
        unmatched !== null && unmatched !== undefined && <Badge>{t('stateUnmatched')}</Badge>,
    },
    {
      id: 'at',
      head: t('received'),
      is: 'number',
      cell: ({ timestamp }) => <Ago at={timestamp} />,
    },
  ]
  return (
    <>
      <MessageFilters
        app={app}
        onId={(messageId) =>
          void navigate({
            to: '/messages/$appId/$messageId',
            params: { appId: app, messageId },
          })
        }
      />
      <Panel flush>
        <PagedList
          linked
          label={t('title')}
          queryKey={['messages', app, type, span, channel, tag]}
          refetchMs={10_000}
          page={async (iterator) => {
            const query = {
              ...pageOf(iterator),
              with_content: false,
              ...(type !== undefined && { event_types: [type] }),
              ...(span !== undefined && { after: sinceOf(span, Date.now()) }),
              ...(channel !== undefined && { channel }),
              ...(tag !== undefined && { tag }),
            }
            const params = { path: { app_id: app }, query }
            return await ask(api.GET('/api/v1/app/{app_id}/msg', { params }))
          }}
          columns={columns}
          rowKey={({ id }) => id}
          empty={
            filtered ? (
              <Empty icon={<SearchX size={22} aria-hidden />} title={t('noneFound')}>
                {t('noneFoundHow')}
              </Empty>
            ) : (
              <Empty icon={<Mail size={22} aria-hidden />} title={t('empty')}>
                {t('emptyHow')}
              </Empty>
            )
          }
        />
      </Panel>
    </>
  )
}
