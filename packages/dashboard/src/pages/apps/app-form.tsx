import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { App } from '../../api/shapes.ts'
import { TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { useSay } from '../../parts/toast.tsx'

export function AppForm({ app, onClose }: { app?: App; onClose: () => void }) {
  const t = useTranslations('apps')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  const [name, setName] = useState(app?.name ?? '')
  const [uid, setUid] = useState(app?.uid ?? '')
  const [rate, setRate] = useState(app?.throttleRate?.toString() ?? '')
  const save = useMutation({
    mutationFn: async () => {
      const body = {
        name: name.trim(),
        uid: uid.trim() === '' ? null : uid.trim(),
        throttleRate: rate.trim() === '' ? null : Number(rate),
      }
      if (app === undefined) return await ask(api.POST('/api/v1/app', { body }))
      const path = { app_id: app.id }
      return await ask(api.PATCH('/api/v1/app/{app_id}', { params: { path }, body }))
    },
    onSuccess: async () => {
      say.done(t('saved'))
      await queries.invalidateQueries({ queryKey: ['apps'] })
      onClose()
    },
  })
  const { errors, rest } = useFieldErrors(save.error, ['name', 'uid', 'throttleRate'])
  return (
    <FormDialog
      title={app === undefined ? t('new') : t('edit')}
      action={app === undefined ? common('create') : common('save')}
      busy={save.isPending}
      onClose={onClose}
      onSend={() => save.mutate()}
    >
      {rest}
      <TextField
        label={t('name')}
        value={name}
        error={errors['name']}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label={t('uid')}
        help={t('uidHelp')}
        optional
        mono
        value={uid}
        error={errors['uid']}
        onChange={(event) => setUid(event.target.value)}
      />
      <TextField
        label={t('rate')}
        optional
        inputMode="numeric"
        value={rate}
        error={errors['throttleRate']}
        onChange={(event) => setRate(event.target.value)}
      />
    </FormDialog>
  )
}
