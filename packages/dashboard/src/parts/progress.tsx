import { Progress as Base } from '@base-ui/react/progress'
import styles from './progress.module.css'

/** How much of something is done, from 0 to 1; null: nobody knows yet. */
export function Progress({ label, value }: { label: string; value: number | null }) {
  const percent = value === null ? null : Math.round(Math.min(1, value) * 100)
  return (
    <Base.Root value={percent} aria-label={label}>
      <Base.Track className={styles.track}>
        <Base.Indicator className={styles.indicator} />
      </Base.Track>
    </Base.Root>
  )
}
