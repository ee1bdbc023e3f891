import { Tabs as Base } from '@base-ui/react/tabs'
import styles from './tabs.module.css'

/** Which part of a page is shown; it stands in the address, so the page itself draws the part. */
export function Tabs<Value extends string>({
  label,
  value,
  onPick,
  tabs,
}: {
  label: string
  value: Value
  onPick: (value: Value) => void
  tabs: readonly { value: Value; label: string }[]
}) {
  return (
    <Base.Root value={value} onValueChange={(picked) => onPick(picked as Value)}>
      <Base.List className={styles.list} aria-label={label}>
        {tabs.map((tab) => (
          <Base.Tab key={tab.value} value={tab.value} className={styles.tab}>
            {tab.label}
          </Base.Tab>
        ))}
      </Base.List>
    </Base.Root>
  )
}
