import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { useAppName } from '../../api/apps.ts'
import type { PersonExport } from '../../api/shapes.ts'
import { Facts, Panel } from '../../parts/layout.tsx'
import { type Column, rowLink, Table } from '../../parts/table.tsx'

type Message = PersonExport['messages'][number]

/** What the first page names: the messages, each to be looked at, and how sessions called the person. */
export function Found({ found }: { found: PersonExport }) {
  const t = useTranslations('privacy')
  const messages = useTranslations('messages')
  const appName = useAppName()
  const columns: Column<Message>[] = [
    {
      id: 'type',
      head: messages('type'),
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
    {
      id: 'app',
      head: messages('app'),
      is: 'name',
      minor: true,
      cell: (one) => appName(one.appId),
    },
    { id: 'at', head: messages('received'), ago: ({ timestamp }) => timestamp },
  ]
  const { profiles } = found
  return (
    <>
      {found.messages.length > 0 && (
        <Panel flush title={messages('title')}>
          <Table
            linked
            label={messages('title')}
            columns={columns}
            rows={found.messages}
            rowKey={({ id }) => id}
          />
        </Panel>
      )}
      {profiles.length > 0 && (
        <Panel title={t('profiles')}>
          <Facts
            rows={profiles.map(
              ({ appId, id, name }) => [`${appName(appId)} · ${id}`, name ?? '–'] as const,
            )}
          />
        </Panel>
      )}
    </>
  )
}
