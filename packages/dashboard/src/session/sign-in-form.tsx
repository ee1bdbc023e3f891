import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { asProblem } from '../api/problem.ts'
import type { Session } from '../api/shapes.ts'
import { Button } from '../parts/button.tsx'
import { TextField } from '../parts/field.tsx'
import { Stack } from '../parts/layout.tsx'
import { useProblemWords } from '../words/problem-words.ts'
import { openSession } from './session.ts'

export function SignInForm({ onDone }: { onDone: (session: Session) => void }) {
  const t = useTranslations('signIn')
  const words = useProblemWords()
  const [key, setKey] = useState('')
  const [empty, setEmpty] = useState(false)
  const entry = useMutation({ mutationFn: openSession, onSuccess: onDone })
  const error = (): string | undefined => {
    if (empty) return t('empty')
    if (entry.error === null) return undefined
    const problem = asProblem(entry.error)
    return problem.code === 'authentication_failed' ? t('wrong') : words(problem)
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setEmpty(key.trim() === '')
        if (key.trim() !== '') entry.mutate(key.trim())
      }}
    >
      <Stack>
        <TextField
          label={t('key')}
          help={t('keyHelp')}
          error={error()}
          type="password"
          autoComplete="current-password"
          name="key"
          mono
          autoFocus
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <Button kind="primary" type="submit" busy={entry.isPending}>
          {t('submit')}
        </Button>
      </Stack>
    </form>
  )
}
