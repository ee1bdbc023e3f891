import { Link } from '@tanstack/react-router'
import { Plus, Tags } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { EventType } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { useMay, useSession } from '../../session/session.ts'
import { EventTypeForm } from './event-type-form.tsx'

export const checkWords = { off: 'checkOff', report: 'checkReport', refuse: 'checkRefuse' } as const

export function EventTypesPage() {
  const t = useTranslations('eventTypes')
  const may = useMay()
  const { kind } = useSession()
  const [making, setMaking] = useState(false)
  const columns: Column<EventType>[] = [
    {
      id: 'name',
      head: t('name'),
      is: 'name',
      cell: ({ name }) => (
        <Link className={rowLink} to="/event-types/$name" params={{ name }}>
          {name}
        </Link>
      ),
    },
    { id: 'about', head: t('description'), is: 'fill', cell: ({ description }) => description },
    {
      id: 'group',
      head: t('group'),
      is: 'name',
      minor: true,
      cell: ({ groupName }) => groupName,
    },
    {
      id: 'check',
      head: t('check'),
      is: 'nowrap',
      minor: true,
      cell: ({ payloadCheck }) => t(checkWords[payloadCheck]),
    },
    {
      id: 'state',
      head: t('state'),
      is: 'nowrap',
      cell: ({ archived, deprecated }) =>
        archived ? (
          <Badge>{t('archived')}</Badge>
        ) : (
          deprecated && <Badge tone="warn">{t('deprecated')}</Badge>
        ),
    },
  ]
  const create = kind === 'account' && may('administer') && (
    <Button kind="primary" icon={Plus} onClick={() => setMaking(true)}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} lead={t('lead')} actions={create}>
      <Panel flush>
        <PagedList
          linked
          label={t('title')}
          queryKey={['event-types', 'list']}
          page={async (iterator) =>
            await ask(
              api.GET('/api/v1/event-type', {
                params: { query: { ...pageOf(iterator), include_archived: kind === 'account' } },
              }),
            )
          }
          columns={columns}
          rowKey={({ name }) => name}
          empty={
            <Empty icon={Tags} title={t('empty')} action={create}>
              {t('emptyHow')}
            </Empty>
          }
        />
      </Panel>
      {making && <EventTypeForm onClose={() => setMaking(false)} />}
    </Page>
  )
}
