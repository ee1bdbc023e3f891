import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { appsQuery } from '../../api/apps.ts'
import { api, ask } from '../../api/client.ts'
import { eventTypeNamesQuery } from '../../api/event-types.ts'
import { Button } from '../../parts/button.tsx'
import { CodeField } from '../../parts/code-editor.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useScope } from '../../shell/scope.ts'

/** Sends a message as an application would. */
export function SendDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('messages')
  const common = useTranslations('common')
  const problems = useTranslations('problems')
  const queries = useQueryClient()
  const say = useSay()
  const scope = useScope()
  const apps = useQuery(appsQuery)
  const types = useQuery(eventTypeNamesQuery)
  const [app, setApp] = useState(scope ?? '')
  const [eventType, setEventType] = useState('')
  const [payload, setPayload] = useState('{\n  \n}')
  const [own, setOwn] = useState<Record<string, string>>({})
  const sending = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/msg', {
          params: { path: { app_id: app } },
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
    if (app === '') wrong['app'] = t('pickApp')
    if (eventType.trim() === '') wrong['eventType'] = problems('fields.missing')
    try {
      JSON.parse(payload)
    } catch (error) {
      wrong['payload'] = problems('unreadableJson', { message: (error as Error).message })
    }
    setOwn(wrong)
    if (Object.keys(wrong).length === 0) sending.mutate()
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
      <SelectField
        label={t('sendApp')}
        value={app}
        onPick={setApp}
        error={own['app']}
        options={[
          { value: '', label: '—' },
          ...(apps.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
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
