import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { layOut } from '../../api/exact-json.ts'
import { asProblem } from '../../api/problem.ts'
import { Code } from '../../parts/code.tsx'
import { CodeField } from '../../parts/code-editor.tsx'
import { TextField } from '../../parts/field.tsx'
import { Muted, Panel, Stack } from '../../parts/layout.tsx'
import { Bones, Failure, Notice } from '../../parts/states.tsx'
import { useSettled } from '../../parts/use-settled.ts'
import { useSentence } from '../../words/said.ts'
import { transformOf } from './draft.ts'
import type { FormState } from './form-state.ts'
import styles from './endpoint-form.module.css'

/** The transformation, with what it makes of a past message beside it. Nothing is sent. */
export function TransformPart({ appId, draft, set, errors }: FormState) {
  const t = useTranslations('endpointForm')
  const [message, setMessage] = useState('')
  return (
    <Panel title={t('transform')}>
      <div className={styles.pair}>
        <Stack>
          <CodeField
            label={t('transformPayload')}
            help={t('transformHelp')}
            optional
            language="cel"
            rows={8}
            value={draft.transformPayload}
            error={errors['transform']}
            onChange={(transformPayload) => set((before) => ({ ...before, transformPayload }))}
          />
          <CodeField
            label={t('transformHeaders')}
            optional
            language="cel"
            rows={2}
            value={draft.transformHeaders}
            onChange={(transformHeaders) => set((before) => ({ ...before, transformHeaders }))}
          />
          <CodeField
            label={t('transformPath')}
            optional
            language="cel"
            rows={1}
            value={draft.transformPath}
            onChange={(transformPath) => set((before) => ({ ...before, transformPath }))}
          />
        </Stack>
        {appId !== '' && (
          <Stack>
            <TextField
              label={t('previewOn')}
              placeholder={t('previewLatest')}
              optional
              mono
              value={message}
              onChange={(event) => setMessage(event.target.value)}
            />
            <Preview appId={appId} messageId={message.trim()} transform={transformOf(draft)} />
          </Stack>
        )}
      </div>
    </Panel>
  )
}

function Preview({
  appId,
  messageId,
  transform,
}: {
  appId: string
  messageId: string
  transform: ReturnType<typeof transformOf>
}) {
  const t = useTranslations('endpointForm')
  const sentence = useSentence()
  const settled = useSettled(JSON.stringify({ transform, messageId }), 400)
  const latest = useQuery({
    queryKey: ['latest-message', appId],
    enabled: appId !== '',
    queryFn: async () => {
      const params = { path: { app_id: appId }, query: { limit: 1 } }
      const page = await ask(api.GET('/api/v1/app/{app_id}/msg', { params }))
      return page.data[0]?.id ?? null
    },
  })
  const wanted = JSON.parse(settled) as { transform: typeof transform; messageId: string }
  const chosen = wanted.messageId === '' ? latest.data : wanted.messageId
  const any = Object.keys(wanted.transform).length > 0
  const trial = useQuery({
    queryKey: ['try-transform', appId, chosen, settled],
    enabled: typeof chosen === 'string' && any,
    placeholderData: (before) => before,
    retry: false,
    queryFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/try/transform', {
          params: { path: { app_id: appId } },
          body: { transform: wanted.transform, messageId: chosen ?? '' },
        }),
      ),
  })
  const shown = useDeferredValue(trial.data)
  if (latest.data === null && wanted.messageId === '') return <Muted>{t('previewNone')}</Muted>
  if (!any) return null
  if (trial.error !== null) return <Failure problem={asProblem(trial.error)} />
  if (shown === undefined) return <Bones rows={4} />
  if (!shown.ok)
    return (
      <Notice tone="bad">
        {t('previewBad', { problem: sentence(shown.problemCoded) ?? shown.problem ?? '' })}
      </Notice>
    )
  return (
    <Stack tight>
      {shown.path !== null && <Code label={t('transformPath')} text={shown.path} />}
      {shown.headers !== null && (
        <Code
          label={t('transformHeaders')}
          text={Object.entries(shown.headers)
            .map(([name, value]) => `${name}: ${String(value)}`)
            .join('\n')}
        />
      )}
      <Code label={t('after')} text={layOut(shown.payload)} />
    </Stack>
  )
}
