import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { eventTypeNamesQuery } from '../../api/event-types.ts'
import { Button } from '../../parts/button.tsx'
import { CodeField } from '../../parts/code-editor.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useJsonProblem } from '../../words/json-problem.ts'
import { AppChoice, useAppChoice } from '../../shell/app-choice.tsx'

/** Sends a message as an application would. */
export function SendDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('messages')
  const common = useTranslations('common')
  const problems = useTranslations('problems')
  const jsonProblem = useJsonProblem()
  const queries = useQueryClient()
  const say = useSay()
  const app = useAppChoice()
  const [judged, setJudged] = useState(false)
  const types = useQuery(eventTypeNamesQuery)
  const [eventType, setEventType] = useState('')
  const [payload, setPayload] = useState('{\n  \n}')
  const [own, setOwn] = useState<Record<string, string>>({})
  const sending = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/msg', {
          params: { path: { app_id: app.appId } },
          body: { eventType, payload: {} },
          // The payload's own text, to the letter: numbers stay as they were typed.
          bodySerializer: () => `{"eventType":${JSON.stringify(eventType)},"payload":${payload}}`,
        }),
      ),
    onSuccess: async () => {
      say.done(t('sent'))
      onClose()
      await queries.invalidateQueries({ queryKey: ['messages'] })
    },
  })
  const { errors, rest } = useFieldErrors(sending.error, ['eventType', 'payload'])
  const send = (): void => {
    const wrong: Record<string, string> = {}
    if (eventType.trim() === '') wrong['eventType'] = problems('fields.missing')
    const unreadable = jsonProblem(payload)
    if (unreadable !== undefined) wrong['payload'] = unreadable
    setOwn(wrong)
    setJudged(true)
    if (app.appId !== '' && Object.keys(wrong).length === 0) sending.mutate()
  }
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('send')}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button kind="primary" busy={sending.isPending} onClick={send}>
            {t('send')}
          </Button>
        </>
      }
    >
      {rest}
      <AppChoice of={app} judged={judged} />
      <TextField
        label={t('eventType')}
        value={eventType}
        mono
        list="event-types"
        error={own['eventType'] ?? errors['eventType']}
        onChange={(event) => setEventType(event.target.value)}
      />
      <datalist id="event-types">
        {types.data?.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <CodeField
        label={t('payload')}
        language="json"
        value={payload}
        onChange={setPayload}
        rows={12}
        error={own['payload'] ?? errors['payload']}
      />
    </Dialog>
  )
}
