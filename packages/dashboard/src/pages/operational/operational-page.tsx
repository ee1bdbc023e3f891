import { useQueryClient } from '@tanstack/react-query'
import { PlugZap, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Mono, Muted, Page, Panel, Stack } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import type { Column } from '../../parts/table.tsx'
import { useMay } from '../../session/session.ts'
import { onePath, SecretDialog, type Told, ToldActions, ToldDialog } from './told.tsx'

type Open = { what: 'add' } | { what: 'edit' | 'secret' | 'remove'; of: Told }

export function OperationalPage() {
  const t = useTranslations('operational')
  const may = useMay()
  const queries = useQueryClient()
  const [open, setOpen] = useState<Open>()
  const close = () => setOpen(undefined)
  const columns: Column<Told>[] = [
    {
      id: 'state',
      head: t('state'),
      is: 'nowrap',
      cell: ({ disabled }) =>
        disabled ? <Badge>{t('disabled')}</Badge> : <Badge tone="good">{t('active')}</Badge>,
    },
    {
      id: 'url',
      head: t('url'),
      is: 'fill',
      cell: ({ url, description }) => (
        <Stack tight>
          <Mono>{url}</Mono>
          {description !== '' && <Muted>{description}</Muted>}
        </Stack>
      ),
    },
    {
      id: 'types',
      head: t('types'),
      is: 'name',
      cell: ({ eventTypes }) => eventTypes?.join(', ') ?? <Muted>{t('all')}</Muted>,
    },
    {
      id: 'actions',
      head: '',
      is: 'number',
      cell: (one) =>
        may('administer') && <ToldActions of={one} onPick={(what) => setOpen({ what, of: one })} />,
    },
  ]
  const add = may('administer') && (
    <Button kind="primary" icon={Plus} onClick={() => setOpen({ what: 'add' })}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} lead={t('lead')} actions={add}>
      <Panel flush>
        <PagedList<Told>
          label={t('title')}
          queryKey={['operational']}
          page={async (iterator) =>
            await ask(
              api.GET('/api/v1/operational-webhook/endpoint', {
                params: { query: pageOf(iterator) },
              }),
            )
          }
          columns={columns}
          rowKey={({ id }) => id}
          empty={
            <Empty icon={PlugZap} title={t('empty')} action={add}>
              {t('emptyHow')}
            </Empty>
          }
        />
      </Panel>
      {open?.what === 'add' && <ToldDialog onClose={close} />}
      {open?.what === 'edit' && <ToldDialog of={open.of} onClose={close} />}
      {open?.what === 'secret' && <SecretDialog of={open.of} onClose={close} />}
      {open?.what === 'remove' && (
        <Confirm
          title={t('remove')}
          action={t('remove')}
          onClose={close}
          run={async () => {
            await ask(api.DELETE(onePath, { params: { path: { endpoint_id: open.of.id } } }))
            await queries.invalidateQueries({ queryKey: ['operational'] })
            return t('removed')
          }}
        >
          {open.of.url}: {t('removeHow')}
        </Confirm>
      )}
    </Page>
  )
}
