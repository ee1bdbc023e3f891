import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { Muted, Stack } from '../../parts/layout.tsx'
import { useDuration } from '../../parts/time.tsx'
import { type Draft, secondsOf } from './draft.ts'
import styles from './endpoint-form.module.css'
import { defaultsQuery } from './queries.ts'

/** The retries as they follow each other: the wait before each, and how long after the first attempt it is. */
export function RetryLine({ draft, appId }: { draft: Draft; appId: string }) {
  const t = useTranslations('endpointForm')
  const duration = useDuration()
  const defaults = useQuery(defaultsQuery(appId, draft.dialect)).data?.retrySchedule
  const own = draft.ownSchedule ? secondsOf(draft.schedule) : undefined
  const schedule = draft.ownSchedule ? own : defaults?.value
  if (schedule === undefined) return null
  const steps = schedule.map((seconds, index) => ({
    seconds,
    after: schedule.slice(0, index + 1).reduce((sum, one) => sum + one, 0),
  }))
  const after = steps.at(-1)?.after ?? 0
  return (
    <Stack tight>
      {!draft.ownSchedule && defaults !== undefined && defaults.from !== 'endpoint' && (
        <Muted>{t(`defaultFrom.${defaults.from}`)}</Muted>
      )}
      <ol className={styles.retries} aria-label={t('scheduleDrawn')}>
        <li>{t('scheduleFirst')}</li>
        {steps.map((step, index) => (
          // The same wait may stand in it twice.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={index}>
            +{duration(step.seconds * 1_000)}
            <small>{duration(step.after * 1_000)}</small>
          </li>
        ))}
        <li>{t('scheduleOver', { after: duration(after * 1_000) })}</li>
      </ol>
    </Stack>
  )
}
