import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { TextField } from './field.tsx'
import { useSay } from './toast.tsx'

/** Asks before something that cannot be undone; where `word` is given, it has to be typed. */
export function Confirm({
  title,
  action,
  word,
  wordLabel,
  onClose,
  run,
  children,
}: {
  title: string
  action: string
  word?: string
  wordLabel?: string
  onClose: () => void
  /** What is done; it may say how it went. */
  run: () => Promise<string | undefined>
  children: ReactNode
}) {
  const common = useTranslations('common')
  const say = useSay()
  const [typed, setTyped] = useState('')
  const doing = useMutation({
    mutationFn: run,
    onSuccess: (said) => {
      if (said !== undefined) say.done(said)
      onClose()
    },
    onError: say.failed,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            kind="danger"
            busy={doing.isPending}
            disabled={word !== undefined && typed.trim() !== word}
            onClick={() => doing.mutate()}
          >
            {action}
          </Button>
        </>
      }
    >
      <p>{children}</p>
      {word !== undefined && (
        <TextField
          label={wordLabel ?? word}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
    </Dialog>
  )
}
