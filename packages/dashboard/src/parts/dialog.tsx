import { Dialog as Base } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'
import { names } from './class-names.ts'
import styles from './dialog.module.css'

/** Something to decide before going on. Its content is made when it opens, so a form begins anew each time. */
export function Dialog({
  open,
  onClose,
  title,
  wide = false,
  held = false,
  buttons,
  children,
}: {
  open: boolean
  onClose: () => void
  title: string
  wide?: boolean
  /** A click beside it does not close it: something may have been typed. */
  held?: boolean
  buttons?: ReactNode
  children: ReactNode
}) {
  return (
    <Base.Root open={open} disablePointerDismissal={held} onOpenChange={(now) => now || onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={names(styles.popup, wide && styles.wide)}>
          <Base.Title className={styles.title}>{title}</Base.Title>
          <div className={styles.body}>{children}</div>
          {buttons !== undefined && <div className={styles.buttons}>{buttons}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
