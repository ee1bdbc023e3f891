import { LoaderCircle, type LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'
import styles from './button.module.css'
import { names } from './class-names.ts'

interface Look {
  kind?: 'plain' | 'primary' | 'danger' | 'quiet'
  small?: boolean
}

interface Props extends ComponentProps<'button'>, Look {
  icon?: LucideIcon
  iconSize?: number
  /** Its action is under way: it shows so, and takes no second click. */
  busy?: boolean
}

export function buttonClass({ kind = 'plain', small = false }: Look, ...more: string[]): string {
  return names(styles.button, kind !== 'plain' && styles[kind], small && styles.small, ...more)
}

export function Button({
  kind,
  small,
  icon: Icon,
  iconSize = 14,
  busy = false,
  children,
  ...rest
}: Props) {
  const alone = children === undefined || children === null
  const classes = names(
    buttonClass({ ...(kind && { kind }), ...(small && { small }) }),
    alone && styles.icon,
    busy && styles.busy,
    rest.className,
  )
  return (
    <button
      type="button"
      {...rest}
      className={classes}
      disabled={rest.disabled === true || busy}
      aria-busy={busy || undefined}
    >
      {busy ? <LoaderCircle size={14} aria-hidden /> : Icon && <Icon size={iconSize} aria-hidden />}
      {children}
    </button>
  )
}

/** A button that is an icon alone; `label` is what it says to who does not see it, and on hovering. */
export function IconButton({ label, ...rest }: Omit<Props, 'children'> & { label: string }) {
  return <Button kind="quiet" {...rest} aria-label={label} title={label} />
}
