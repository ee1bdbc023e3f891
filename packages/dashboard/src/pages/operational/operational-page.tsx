import { useMutation, useQueryClient } from '@tanstack/react-query'
import { PlugZap, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button, IconButton } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { TextArea, TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Mono, Muted, Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import type { Column } from '../../parts/table.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay } from '../../session/session.ts'
import { listOf } from '../../parts/list-of.ts'

type Told = Pick<Endpoint, 'id' | 'url' | 'description' | 'disabled' | 'eventTypes'>

export function OperationalPage() {
  const t = useTranslations('operational')
  const may = useMay()
  const queries = useQueryClient()
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<Told>()
  const columns: Column<Told>[] = [
    {
      id: 'state',
      head: t('state'),
      is: 'nowrap',
      cell: ({ disabled }) =>
        disabled ? <Badge>{t('disabled')}</Badge> : <Badge tone="good">{t('active')}</Badge>,
    },
    { id: 'url', head: t('url'), is: 'fill', cell: ({ url }) => <Mono>{url}</Mono> },
    {
      id: 'types',
      head: t('types'),
      is: 'nowrap',
      cell: ({ eventTypes }) => eventTypes?.join(', ') ?? <Muted>{t('all')}</Muted>,
    },
    {
      id: 'remove',
      head: '',
      is: 'number',
      cell: (one) =>
        may('administer') && (
          <IconButton
            small
            label={`${t('remove')}: ${one.url}`}
            icon={<Trash2 size={14} aria-hidden />}
            onClick={() => setRemoving(one)}
          />
        ),
    },
  ]
  const add = may('administer') && (
    <Button kind="primary" icon={<Plus size={14} aria-hidden />} onClick={() => setAdding(true)}>
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
            <Empty icon={<PlugZap size={22} aria-hidden />} title={t('empty')} action={add}>
              {t('emptyHow')}
            </Empty>
          }
        />
      </Panel>
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {removing !== undefined && (
        <Confirm
          title={t('remove')}
          action={t('remove')}
          onClose={() => setRemoving(undefined)}
          run={async () => {
            await ask(
              api.DELETE('/api/v1/operational-webhook/endpoint/{endpoint_id}', {
                params: { path: { endpoint_id: removing.id } },
              }),
            )
            await queries.invalidateQueries({ queryKey: ['operational'] })
            return t('removed')
          }}
        >
          {removing.url}: {t('removeHow')}
        </Confirm>
      )}
    </Page>
  )
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('operational')
  const form = useTranslations('endpointForm')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  const [url, setUrl] = useState('')
  const [types, setTypes] = useState('')
  const add = useMutation({
    mutationFn: async () => {
      const list = listOf(types)
      const body = { url: url.trim(), eventTypes: list.length === 0 ? null : list }
      return await ask(api.POST('/api/v1/operational-webhook/endpoint', { body }))
    },
    onSuccess: async () => {
      say.done(t('added'))
      await queries.invalidateQueries({ queryKey: ['operational'] })
      onClose()
    },
  })
  const { errors, rest } = useFieldErrors(add.error, ['url', 'eventTypes'])
  return (
    <FormDialog
      title={t('new')}
      action={common('add')}
      busy={add.isPending}
      onClose={onClose}
      onSend={() => add.mutate()}
    >
      {rest}
      <TextField
        label={t('url')}
        type="url"
        mono
        value={url}
        error={errors['url']}
        onChange={(event) => setUrl(event.target.value)}
      />
      <TextArea
        label={t('types')}
        help={form('typesHelp')}
        optional
        mono
        value={types}
        error={errors['eventTypes']}
        onChange={(event) => setTypes(event.target.value)}
      />
    </FormDialog>
  )
}
