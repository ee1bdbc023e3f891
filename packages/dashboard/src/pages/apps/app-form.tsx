import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { App } from '../../api/shapes.ts'
import { TextField } from '../../parts/field.tsx'
import { numberOrNull, orNull, useFields } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { useSay } from '../../parts/toast.tsx'

export function AppForm({ app, onClose }: { app?: App; onClose: () => void }) {
  const t = useTranslations('apps')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  const [typed, set] = useState({
    name: app?.name ?? '',
    uid: app?.uid ?? '',
    throttleRate: app?.throttleRate?.toString() ?? '',
  })
  const save = useMutation({
    mutationFn: async () => {
      const body = {
        name: typed.name.trim(),
        uid: orNull(typed.uid),
        throttleRate: numberOrNull(typed.throttleRate),
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
  const { text, rest } = useFields(typed, set, save.error)
  return (
    <FormDialog
      title={app === undefined ? t('new') : t('edit')}
      action={app === undefined ? common('create') : common('save')}
      busy={save.isPending}
      onClose={onClose}
      onSend={() => save.mutate()}
    >
      {rest}
      <TextField label={t('name')} {...text('name')} />
      <TextField label={t('uid')} help={t('uidHelp')} optional mono {...text('uid')} />
      <TextField label={t('rate')} optional inputMode="numeric" {...text('throttleRate')} />
    </FormDialog>
  )
}
