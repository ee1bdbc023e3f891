import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { Badge } from '../../parts/badge.tsx'
import { CodeField } from '../../parts/code-editor.tsx'
import { Muted, Panel, Stack } from '../../parts/layout.tsx'
import { listOf } from '../../parts/list-of.ts'
import { Sentence } from '../../parts/sentence.tsx'
import { Notice, Awaiting } from '../../parts/states.tsx'
import { Ago } from '../../parts/time.tsx'
import { useSettled } from '../../parts/use-settled.ts'
import { useSentence } from '../../words/said.ts'
import type { FormState } from './form-state.ts'
import styles from './endpoint-form.module.css'

export function FilterPart({ appId, draft, set, errors }: FormState) {
  const t = useTranslations('endpointForm')
  return (
    <Panel title={t('filter')}>
      <div className={styles.pair}>
        <CodeField
          label={t('filter')}
          help={t('filterHelp')}
          optional
          language="cel"
          rows={3}
          value={draft.filter}
          error={errors['filter']}
          onChange={(filter) => set((before) => ({ ...before, filter }))}
        />
        <TryOut
          appId={appId}
          filter={draft.filter}
          types={draft.allTypes ? [] : listOf(draft.types).filter((type) => !type.includes('*'))}
        />
      </div>
    </Panel>
  )
}

/** Which of the app's latest messages the filter lets through, as it is typed. */
function TryOut({ appId, filter, types }: { appId: string; filter: string; types: string[] }) {
  const t = useTranslations('endpointForm')
  const sentence = useSentence()
  const asked = useSettled(JSON.stringify({ filter: filter.trim(), types }), 500)
  const wanted = JSON.parse(asked) as { filter: string; types: string[] }
  const trial = useQuery({
    queryKey: ['try-filter', appId, asked],
    enabled: appId !== '' && wanted.filter !== '',
    placeholderData: (before) => before,
    retry: false,
    queryFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/try/filter', {
          params: { path: { app_id: appId } },
          body: {
            filter: wanted.filter,
            ...(wanted.types.length > 0 && { eventTypes: wanted.types }),
          },
        }),
      ),
  })
  if (wanted.filter === '' || appId === '') return <Muted>{t('filterTryHow')}</Muted>
  if (trial.data === undefined) return <Awaiting of={trial} rows={3} />
  const { ok, problem, problemCoded, matched, looked, data } = trial.data
  if (!ok)
    return (
      <Notice tone="bad">
        {t('filterBad', { problem: sentence(problemCoded) ?? problem ?? '' })}
      </Notice>
    )
  if (looked === 0) return <Muted>{t('previewNone')}</Muted>
  return (
    <Stack tight>
      <p role="status">{t('filterResult', { matched: String(matched), looked })}</p>
      <ul className={styles.results}>
        {data.map((one) => (
          <li key={one.messageId}>
            <Badge tone={one.matched ? 'good' : 'neutral'}>
              {one.matched ? t('wouldSend') : t('wouldNot')}
            </Badge>
            <Link
              to="/messages/$appId/$messageId"
              params={{ appId, messageId: one.messageId }}
              target="_blank"
            >
              {one.eventType}
            </Link>
            {one.reason !== null && (
              <Muted>
                <Sentence text={one.reason} coded={one.reasonCoded} />
              </Muted>
            )}
            <span>
              <Ago at={one.createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </Stack>
  )
}
