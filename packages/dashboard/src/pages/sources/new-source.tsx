import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { SourceInput } from '../../api/shapes.ts'
import { Id } from '../../parts/code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Notice } from '../../parts/states.tsx'
import { gateways, gatewayTitles } from './gateways.ts'

/** Makes a source, and shows once the address that the gateway is given. */
export function NewSource({ app, onClose }: { app: string; onClose: () => void }) {
  const t = useTranslations('sources')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const [gateway, setGateway] = useState<SourceInput['gateway']>('evolution')
  const [name, setName] = useState('')
  const [secret, setSecret] = useState('')
  const [silence, setSilence] = useState('')
  const create = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/source', {
          params: { path: { app_id: app } },
          body: {
            gateway,
            name: name.trim(),
            ...(secret.trim() !== '' && { secret: secret.trim() }),
            ...(silence.trim() !== '' && { silenceMinutes: Number(silence) }),
          },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['sources'] })
    },
  })
  const { errors, rest } = useFieldErrors(create.error, [
    'gateway',
    'name',
    'secret',
    'silenceMinutes',
  ])
  if (create.data !== undefined)
    return (
      <Dialog open onClose={onClose} title={t('point')}>
        <p>{t('pointHow')}</p>
        <Notice tone="good">{t('tokenOnce')}</Notice>
        <Id id={create.data.ingestUrl} />
      </Dialog>
    )
  return (
    <FormDialog
      title={t('new')}
      action={common('create')}
      busy={create.isPending}
      onClose={onClose}
      onSend={() => create.mutate()}
    >
      {rest}
      <SelectField
        label={t('gateway')}
        value={gateway}
        onPick={setGateway}
        error={errors['gateway']}
        options={gateways.map((value) => ({ value, label: gatewayTitles[value] }))}
      />
      <TextField
        label={t('name')}
        optional
        value={name}
        error={errors['name']}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label={t('secretLabel')}
        help={t('secretHelp')}
        optional
        mono
        value={secret}
        error={errors['secret']}
        onChange={(event) => setSecret(event.target.value)}
      />
      <TextField
        label={t('silence')}
        help={t('silenceHelp')}
        optional
        inputMode="numeric"
        value={silence}
        error={errors['silenceMinutes']}
        onChange={(event) => setSilence(event.target.value)}
      />
    </FormDialog>
  )
}
