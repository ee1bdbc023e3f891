import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { Stack } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useLeaveGuard } from '../../parts/use-leave-guard.ts'
import { useMay } from '../../session/session.ts'
import { draftOf, inputOf, wrongOf } from './draft.ts'
import { EndpointForm } from './endpoint-form.tsx'
import styles from './endpoint-form.module.css'
import { formFields } from './new-endpoint-page.tsx'

export function EndpointSettings({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  const t = useTranslations('endpointForm')
  const common = useTranslations('common')
  const say = useSay()
  const may = useMay()
  const queries = useQueryClient()
  const [draft, set] = useState(() => draftOf(endpoint))
  const [judged, setJudged] = useState(false)
  const [started] = useState(draft)
  const save = useMutation({
    mutationFn: async () => {
      const { secret: _, ...settings } = inputOf(draft)
      return await ask(
        api.PATCH('/api/v1/app/{app_id}/endpoint/{endpoint_id}', {
          params: { path: { app_id: appId, endpoint_id: endpoint.id } },
          body: settings,
        }),
      )
    },
    onSuccess: async () => {
      say.done(t('saved'))
      await queries.invalidateQueries({ queryKey: ['endpoint', appId, endpoint.id] })
      void queries.invalidateQueries({ queryKey: ['endpoints'] })
    },
  })
  const dirty = draft !== started && JSON.stringify(draft) !== JSON.stringify(started)
  useLeaveGuard(dirty && !save.isSuccess)
  const { errors, rest } = useFieldErrors(save.error, formFields)
  const submit = (): void => {
    setJudged(true)
    if (Object.keys(wrongOf(draft)).length === 0) save.mutate()
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack>
        {!may('administer') && <Notice tone="info">{common('noPermissionToAct')}</Notice>}
        <EndpointForm
          isNew={false}
          endpointId={endpoint.id}
          {...{ appId, draft, set, errors, judged }}
        />
        {rest}
        {dirty && may('administer') && (
          <div className={styles.save}>
            <span>{t('unsaved')}</span>
            <Button onClick={() => set(started)}>{t('reset')}</Button>
            <Button kind="primary" type="submit" busy={save.isPending}>
              {common('save')}
            </Button>
          </div>
        )}
      </Stack>
    </form>
  )
}
