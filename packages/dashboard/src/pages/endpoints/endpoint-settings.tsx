import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Form, useFieldErrors } from '../../parts/form.tsx'
import { Stack } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useLeaveGuard } from '../../parts/use-leave-guard.ts'
import { useMay } from '../../session/session.ts'
import { changesOf, draftOf, isFit } from './draft.ts'
import { EndpointForm } from './endpoint-form.tsx'
import styles from './endpoint-form.module.css'
import { formFields } from './new-endpoint-page.tsx'
import { endpointQuery } from './queries.ts'

export function EndpointSettings({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  const t = useTranslations('endpointForm')
  const common = useTranslations('common')
  const say = useSay()
  const may = useMay()
  const queries = useQueryClient()
  // What was typed stays while the endpoint changes elsewhere; what was not touched follows it.
  const [base, setBase] = useState(endpoint)
  const started = useMemo(() => draftOf(base), [base])
  const [draft, set] = useState(started)
  const [judged, setJudged] = useState(false)
  const changes = changesOf(started, draft)
  const dirty = Object.keys(changes).length > 0
  const moved = endpoint.updatedAt !== base.updatedAt
  const takeOver = (to: Endpoint): void => {
    setBase(to)
    set(draftOf(to))
    setJudged(false)
  }
  if (moved && !dirty) takeOver(endpoint)
  const save = useMutation({
    mutationFn: async (typed: typeof draft) =>
      await ask(
        api.PATCH('/api/v1/app/{app_id}/endpoint/{endpoint_id}', {
          params: { path: { app_id: appId, endpoint_id: endpoint.id } },
          body: changesOf(started, typed),
        }),
      ),
    onSuccess: async (saved) => {
      say.done(t('saved'))
      queries.setQueryData(endpointQuery(appId, endpoint.id).queryKey, saved)
      takeOver(saved)
      await queries.invalidateQueries({ queryKey: ['endpoint', appId, endpoint.id] })
      void queries.invalidateQueries({ queryKey: ['endpoints'] })
    },
  })
  useLeaveGuard(dirty)
  const { errors, rest } = useFieldErrors(save.error, formFields)
  const submit = (): void => {
    setJudged(true)
    if (isFit(draft)) save.mutate(draft)
  }
  return (
    <Form onSend={submit}>
      <Stack>
        {!may('administer') && <Notice tone="info">{common('noPermissionToAct')}</Notice>}
        <EndpointForm
          endpoint={endpoint}
          {...{ appId, draft, set, errors, sent: save.variables, judged }}
        />
        {rest}
        {moved && dirty && <Notice tone="warn">{t('changedElsewhere')}</Notice>}
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
    </Form>
  )
}
