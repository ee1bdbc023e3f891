import type { ReactNode } from 'react'
import { useId } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Form } from './form.tsx'
import styles from './layout.module.css'

/** A form in a dialog: sent by its button or by Enter, and kept as it was typed when it is refused. */
export function FormDialog({
  title,
  action,
  busy,
  wide = false,
  onClose,
  onSend,
  children,
}: {
  title: string
  action: string
  busy: boolean
  wide?: boolean
  onClose: () => void
  onSend: () => void
  children: ReactNode
}) {
  const common = useTranslations('common')
  const id = useId()
  return (
    <Dialog
      open
      held
      wide={wide}
      onClose={onClose}
      title={title}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button kind="primary" type="submit" form={id} busy={busy}>
            {action}
          </Button>
        </>
      }
    >
      <Form id={id} className={styles.stack} onSend={onSend}>
        {children}
      </Form>
    </Dialog>
  )
}
