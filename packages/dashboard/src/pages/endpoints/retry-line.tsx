import { useTranslations } from 'use-intl'
import { useDuration } from '../../parts/time.tsx'
import { type Draft, secondsOf } from './draft.ts'
import styles from './endpoint-form.module.css'

/** Of the dialect standard; the others have schedules of their own, which their documents say. */
const standardSeconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]

/** The retries as they follow each other: the wait before each, and how long after the first attempt it is. */
export function RetryLine({ draft }: { draft: Draft }) {
  const t = useTranslations('endpointForm')
  const duration = useDuration()
  const own = draft.ownSchedule ? secondsOf(draft.schedule) : undefined
  const schedule =
    own ?? (draft.dialect === 'standard' && !draft.ownSchedule ? standardSeconds : undefined)
  if (schedule === undefined) return null
  const steps = schedule.map((seconds, index) => ({
    seconds,
    after: schedule.slice(0, index + 1).reduce((sum, one) => sum + one, 0),
  }))
  const after = steps.at(-1)?.after ?? 0
  return (
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
  )
}
