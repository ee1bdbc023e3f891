/** Who is told of what happens in Pombo: added, edited, switched, and verified by a secret. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ellipsis, KeyRound, Pencil, Power, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { components } from '../../api/schema.d.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { IconButton } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { TextArea, TextField } from '../../parts/field.tsx'
import { useFields } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { listOf } from '../../parts/list-of.ts'
import { Menu, MenuItem, MenuLine } from '../../parts/menu.tsx'
import { useSay } from '../../parts/toast.tsx'
import { Secret } from '../endpoints/secret.tsx'

type Types = NonNullable<components['schemas']['OperationalWebhookEndpointIn']['eventTypes']>
export type Told = Pick<Endpoint, 'id' | 'url' | 'description' | 'disabled' | 'eventTypes'>

const path = '/api/v1/operational-webhook/endpoint'
export const onePath = '/api/v1/operational-webhook/endpoint/{endpoint_id}'

const at = ({ id }: Told) => ({ path: { endpoint_id: id } })

export function ToldActions({
  of,
  onPick,
}: {
  of: Told
  onPick: (what: 'edit' | 'secret' | 'remove') => void
}) {
  const t = useTranslations('operational')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  const { disabled } = of
  const turn = useMutation({
    mutationFn: async () =>
      await ask(api.PATCH(onePath, { params: at(of), body: { disabled: !disabled } })),
    onSuccess: async () => {
      say.done(disabled ? t('enabledNow') : t('disabledNow'))
      await queries.invalidateQueries({ queryKey: ['operational'] })
    },
    onError: say.failed,
  })
  return (
    <Menu trigger={<IconButton small label={`${common('actions')}: ${of.url}`} icon={Ellipsis} />}>
      <MenuItem icon={Pencil} onPick={() => onPick('edit')}>
        {t('edit')}
      </MenuItem>
      <MenuItem icon={KeyRound} onPick={() => onPick('secret')}>
        {t('secret')}
      </MenuItem>
      <MenuItem icon={Power} onPick={() => turn.mutate()}>
        {disabled ? t('enable') : t('disable')}
      </MenuItem>
      <MenuLine />
      <MenuItem danger icon={Trash2} onPick={() => onPick('remove')}>
        {t('remove')}
      </MenuItem>
    </Menu>
  )
}

/** Without `of`, of a new one. */
export function ToldDialog({ of, onClose }: { of?: Told; onClose: () => void }) {
  const t = useTranslations('operational')
  const form = useTranslations('endpointForm')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  const [typed, set] = useState({
    url: of?.url ?? '',
    description: of?.description ?? '',
    eventTypes: of?.eventTypes?.join('\n') ?? '',
  })
  const save = useMutation({
    mutationFn: async () => {
      const list = listOf(typed.eventTypes)
      // What is typed; the server names the nearest where there is no such event.
      const eventTypes = list.length === 0 ? null : (list as Types)
      const body = { url: typed.url.trim(), description: typed.description.trim(), eventTypes }
      return of === undefined
        ? await ask(api.POST(path, { body }))
        : await ask(api.PATCH(onePath, { params: at(of), body }))
    },
    onSuccess: async () => {
      say.done(of === undefined ? t('added') : t('saved'))
      await queries.invalidateQueries({ queryKey: ['operational'] })
      onClose()
    },
  })
  const { text, rest } = useFields(typed, set, save.error)
  return (
    <FormDialog
      title={of === undefined ? t('new') : t('edit')}
      action={of === undefined ? common('add') : common('save')}
      busy={save.isPending}
      onClose={onClose}
      onSend={() => save.mutate()}
    >
      {rest}
      <TextField label={t('url')} type="url" mono {...text('url')} />
      <TextField label={t('description')} optional {...text('description')} />
      <TextArea label={t('types')} help={form('typesHelp')} optional mono {...text('eventTypes')} />
    </FormDialog>
  )
}

export function SecretDialog({ of, onClose }: { of: Told; onClose: () => void }) {
  const t = useTranslations('operational')
  const params = at(of)
  return (
    <Dialog open wide onClose={onClose} title={t('secret')}>
      <Secret
        of={['operational', of.id]}
        signed={{ dialect: 'standard', signatureHeaders: 'webhook' }}
        read={async () => (await ask(api.GET(`${onePath}/secret`, { params }))).key}
        rotate={async (body) => await ask(api.POST(`${onePath}/secret/rotate`, { params, body }))}
      />
    </Dialog>
  )
}
