import { useMutation, useQueryClient } from '@tanstack/react-query'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { useNow, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Key } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Id } from '../../parts/code.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { useFields } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Mono, Page, Panel, Row } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty, Notice } from '../../parts/states.tsx'
import type { Column } from '../../parts/table.tsx'
import { type Role, useMay, useSession } from '../../session/session.ts'

const roleWords = {
  read: 'roleRead',
  operate: 'roleOperate',
  administer: 'roleAdminister',
} as const

export function KeysPage() {
  const t = useTranslations('keys')
  const may = useMay()
  const session = useSession()
  const queries = useQueryClient()
  const [making, setMaking] = useState(false)
  const [made, setMade] = useState<string>()
  const [revoking, setRevoking] = useState<Key>()
  const columns: Column<Key>[] = [
    { id: 'state', head: t('state'), is: 'nowrap', cell: (key) => <KeyState of={key} /> },
    {
      id: 'name',
      head: t('name'),
      is: 'fill',
      cell: ({ id, name, hint }) => (
        <Row>
          {name} <Mono>{hint}</Mono>
          {id === session.key?.id && <Badge plain>{t('own')}</Badge>}
        </Row>
      ),
    },
    { id: 'role', head: t('role'), is: 'nowrap', cell: ({ role }) => t(roleWords[role]) },
    { id: 'created', head: t('created'), minor: true, ago: ({ createdAt }) => createdAt },
    { id: 'used', head: t('lastUsed'), ago: ({ lastUsedAt }) => lastUsedAt },
    {
      id: 'revoke',
      head: '',
      is: 'number',
      cell: (key) =>
        key.revokedAt === null &&
        may('administer') && (
          <Button small onClick={() => setRevoking(key)}>
            {t('revoke')}
          </Button>
        ),
    },
  ]
  return (
    <Page
      title={t('title')}
      lead={t('lead')}
      actions={
        may('administer') && (
          <Button kind="primary" icon={Plus} onClick={() => setMaking(true)}>
            {t('new')}
          </Button>
        )
      }
    >
      <Panel flush>
        <PagedList
          label={t('title')}
          queryKey={['keys']}
          page={async (iterator) =>
            await ask(api.GET('/api/v1/key', { params: { query: pageOf(iterator) } }))
          }
          columns={columns}
          rowKey={({ id }) => id}
          empty={<Empty icon={KeyRound} title={t('title')} />}
        />
      </Panel>
      {making && (
        <NewKey
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false)
            setMade(key)
          }}
        />
      )}
      {made !== undefined && (
        <Dialog open onClose={() => setMade(undefined)} title={t('new')}>
          <Notice tone="good">{t('made')}</Notice>
          <Id id={made} />
        </Dialog>
      )}
      {revoking !== undefined && (
        <Confirm
          title={t('revoke')}
          action={t('revoke')}
          onClose={() => setRevoking(undefined)}
          run={async () => {
            const path = { key_id: revoking.id }
            await ask(api.DELETE('/api/v1/key/{key_id}', { params: { path } }))
            await queries.invalidateQueries({ queryKey: ['keys'] })
            return t('revokedNow')
          }}
        >
          {t('revokeHow', { name: revoking.name })}
        </Confirm>
      )}
    </Page>
  )
}

function KeyState({ of }: { of: Key }) {
  const t = useTranslations('keys')
  const now = useNow()
  if (of.revokedAt !== null) return <Badge>{t('revoked')}</Badge>
  if (of.expiresAt !== null && Date.parse(of.expiresAt) < now.getTime())
    return <Badge tone="warn">{t('expired')}</Badge>
  return <Badge tone="good">{t('active')}</Badge>
}

function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (key: string) => void }) {
  const t = useTranslations('keys')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const [typed, set] = useState({ name: '', role: 'administer' as Role, expiresAt: '' })
  const create = useMutation({
    mutationFn: async () => {
      const { name, role, expiresAt: at } = typed
      const expiresAt = at !== '' && { expiresAt: new Date(at).toISOString() }
      const body = { name: name.trim(), role, ...expiresAt }
      return await ask(api.POST('/api/v1/key', { body }))
    },
    onSuccess: async ({ key }) => {
      await queries.invalidateQueries({ queryKey: ['keys'] })
      onMade(key)
    },
  })
  const { text, pick, rest } = useFields(typed, set, create.error)
  return (
    <FormDialog
      title={t('new')}
      action={common('create')}
      busy={create.isPending}
      onClose={onClose}
      onSend={() => create.mutate()}
    >
      {rest}
      <TextField label={t('name')} help={t('nameHelp')} {...text('name')} />
      <SelectField
        label={t('role')}
        help={t('roleHelp')}
        {...pick('role')}
        options={(['read', 'operate', 'administer'] as const).map((value) => ({
          value,
          label: t(roleWords[value]),
        }))}
      />
      <TextField label={t('expires')} optional type="datetime-local" {...text('expiresAt')} />
    </FormDialog>
  )
}
