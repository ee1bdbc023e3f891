import { Menu as Base } from '@base-ui/react/menu'
import { Check, type LucideIcon } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'
import { names } from './class-names.ts'
import styles from './menu.module.css'

export function Menu({ trigger, children }: { trigger: ReactElement; children: ReactNode }) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} sideOffset={4} align="end">
          <Base.Popup className={styles.popup}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

export function MenuItem({
  icon: Icon,
  danger = false,
  disabled = false,
  onPick,
  children,
}: {
  icon?: LucideIcon
  danger?: boolean
  disabled?: boolean
  onPick: () => void
  children: ReactNode
}) {
  return (
    <Base.Item
      className={names(styles.item, danger && styles.danger)}
      disabled={disabled}
      onClick={onPick}
    >
      {Icon && <Icon size={14} aria-hidden />}
      {children}
    </Base.Item>
  )
}

export function MenuChoice<Value extends string>({
  label,
  value,
  onPick,
  options,
}: {
  label: string
  value: Value
  onPick: (value: Value) => void
  options: readonly { value: Value; label: string }[]
}) {
  return (
    <Base.Group>
      <Base.GroupLabel className={styles.label}>{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={(picked) => onPick(picked as Value)}>
        {options.map((one) => (
          <Base.RadioItem key={one.value} value={one.value} className={styles.item}>
            {one.label}
            <Base.RadioItemIndicator className={styles.tick}>
              <Check size={14} aria-hidden />
            </Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  )
}

export function MenuLine() {
  return <Base.Separator className={styles.line} />
}
