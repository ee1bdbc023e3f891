import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { layOut } from '../../api/exact-json.ts'
import { asProblem } from '../../api/problem.ts'
import type { Template } from '../../api/shapes.ts'
import { Code } from '../../parts/code.tsx'
import { TextField } from '../../parts/field.tsx'
import { Muted, Panel, Stack } from '../../parts/layout.tsx'
import { Sentence } from '../../parts/sentence.tsx'
import { Bones, Failure, Notice } from '../../parts/states.tsx'
import { useSettled } from '../../parts/use-settled.ts'
import type { Values } from './values.ts'

/** What would be sent, of the template's sample or of a message that was: the latest, or the one that is named. */
export function TemplatePreview({
  template,
  appId,
  values,
}: {
  template: Template
  appId: string
  values: Values
}) {
  const t = useTranslations('templates')
  const [message, setMessage] = useState('')
  const settled = useSettled(JSON.stringify({ values, message: message.trim() }), 400)
  const trial = useQuery({
    queryKey: ['try-template', appId, template.id, settled],
    enabled: appId !== '',
    placeholderData: (before) => before,
    retry: false,
    gcTime: 0,
    queryFn: async () => {
      const wanted = JSON.parse(settled) as { values: Record<string, string>; message: string }
      const params = { path: { app_id: appId, template_id: template.id } }
      const body = {
        values: wanted.values,
        ...(wanted.message !== '' && { messageId: wanted.message }),
      }
      return await ask(
        api.POST('/api/v1/app/{app_id}/template/{template_id}/try', { params, body }),
      )
    },
  })
  const shown = trial.data
  return (
    <Panel title={t('preview')}>
      <Stack>
        <TextField
          label={t('previewOn')}
          help={t('previewOnHelp')}
          placeholder={t('previewSample')}
          optional
          mono
          value={message}
          onChange={({ target }) => setMessage(target.value)}
        />
        {appId === '' ? (
          <Muted>{t('previewNoApp')}</Muted>
        ) : trial.error !== null ? (
          <Failure problem={asProblem(trial.error)} />
        ) : shown === undefined ? (
          <Bones rows={6} />
        ) : shown.request === null ? (
          <Notice tone="bad">
            <Sentence text={shown.problem ?? ''} coded={shown.problemCoded} />
          </Notice>
        ) : (
          <>
            <Code
              label={t('previewHead')}
              text={[
                shown.request.url,
                ...shown.request.headers.map(({ name, value }) => `${name}: ${value}`),
              ].join('\n')}
            />
            <Code
              label={t('previewBody')}
              text={layOut(shown.request.body)}
              copy={shown.request.body}
            />
            <Muted>{t('previewSigned')}</Muted>
          </>
        )}
      </Stack>
    </Panel>
  )
}
