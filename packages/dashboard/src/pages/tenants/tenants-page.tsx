import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Building2, Pencil, Plus } from 'lucide-react'
import { useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Tenant } from '../../api/shapes.ts'
import { Button, IconButton } from '../../parts/button.tsx'
import { Id } from '../../parts/code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { CheckField, TextField } from '../../parts/field.tsx'
import { numberOrNull, useFields } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Mono, Muted, Page, Panel } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty, Notice } from '../../parts/states.tsx'
import type { Column } from '../../parts/table.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay } from '../../session/session.ts'

export function TenantsPage() {
  const t = useTranslations('tenants')
  const format = useFormatter()
  const may = useMay()
  const [edited, setEdited] = useState<Tenant | 'new'>()
  const [made, setMade] = useState<string>()
  const or = (value: number | null) =>
    value === null ? <Muted>{t('asConfigured')}</Muted> : format.number(value)
  const columns: Column<Tenant>[] = [
    { id: 'name', head: t('name'), is: 'fill', cell: ({ name }) => name },
    { id: 'id', head: 'Id', is: 'nowrap', minor: true, cell: ({ id }) => <Mono>{id}</Mono> },
    { id: 'days', head: t('retention'), is: 'number', cell: (one) => or(one.retentionDays) },
    {
      id: 'rate',
      head: t('acceptRate'),
      is: 'number',
      minor: true,
      cell: (one) => or(one.acceptRate),
    },
    { id: 'created', head: t('created'), minor: true, ago: ({ createdAt }) => createdAt },
    {
      id: 'edit',
      head: '',
      is: 'number',
      cell: (one) =>
        may('administer') && (
          <IconButton
            small
            label={`${t('edit')}: ${one.name}`}
            icon={Pencil}
            onClick={() => setEdited(one)}
          />
        ),
    },
  ]
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        may('administer') && (
          <Button kind="primary" icon={Plus} onClick={() => setEdited('new')}>
            {t('new')}
          </Button>
        )
      }
    >
      <Panel flush>
        <PagedList
          label={t('title')}
          queryKey={['tenants']}
          page={async (iterator) =>
            await ask(api.GET('/api/v1/tenant', { params: { query: pageOf(iterator) } }))
          }
          columns={columns}
          rowKey={({ id }) => id}
          empty={<Empty icon={Building2} title={t('title')} />}
        />
      </Panel>
      {edited !== undefined && (
        <TenantForm
          {...(edited !== 'new' && { tenant: edited })}
          onClose={() => setEdited(undefined)}
          onMade={setMade}
        />
      )}
      {made !== undefined && (
        <Dialog open onClose={() => setMade(undefined)} title={t('new')}>
          <Notice tone="good">{t('made')}</Notice>
          <Id id={made} />
        </Dialog>
      )}
    </Page>
  )
}

function TenantForm({
  tenant,
  onClose,
  onMade,
}: {
  tenant?: Tenant
  onClose: () => void
  onMade: (key: string) => void
}) {
  const t = useTranslations('tenants')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  const [typed, set] = useState({
    name: tenant?.name ?? '',
    retentionDays: tenant?.retentionDays?.toString() ?? '',
    acceptRate: tenant?.acceptRate?.toString() ?? '',
    encryptPayloads: tenant?.encryptPayloads ?? false,
  })
  const save = useMutation({
    mutationFn: async () => {
      const body = {
        ...typed,
        name: typed.name.trim(),
        retentionDays: numberOrNull(typed.retentionDays),
        acceptRate: numberOrNull(typed.acceptRate),
      }
      if (tenant === undefined) return (await ask(api.POST('/api/v1/tenant', { body }))).key
      const path = { tenant_id: tenant.id }
      await ask(api.PATCH('/api/v1/tenant/{tenant_id}', { params: { path }, body }))
      return undefined
    },
    onSuccess: async (key) => {
      if (key === undefined) say.done(t('saved'))
      else onMade(key)
      await queries.invalidateQueries({ queryKey: ['tenants'] })
      onClose()
    },
  })
  const { text, check, rest } = useFields(typed, set, save.error)
  return (
    <FormDialog
      title={tenant === undefined ? t('new') : t('edit')}
      action={tenant === undefined ? common('create') : common('save')}
      busy={save.isPending}
      onClose={onClose}
      onSend={() => save.mutate()}
    >
      {rest}
      <TextField label={t('name')} {...text('name')} />
      <TextField
        label={t('retention')}
        help={t('retentionHelp')}
        optional
        inputMode="numeric"
        {...text('retentionDays')}
      />
      <TextField label={t('acceptRate')} optional inputMode="numeric" {...text('acceptRate')} />
      <CheckField label={t('encrypt')} {...check('encryptPayloads')} />
    </FormDialog>
  )
}
