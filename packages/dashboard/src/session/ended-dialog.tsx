import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { Dialog } from '../parts/dialog.tsx'
import { tellAround } from './embedding.ts'
import { sessionQuery, useSession, useSessionEnded } from './session.ts'
import { SignInForm } from './sign-in-form.tsx'

/** Over the page, which stays as it is with what was typed into it, until somebody has signed in again. */
export function EndedDialog() {
  const t = useTranslations('signIn')
  const ended = useSessionEnded()
  const before = useSession()
  const queries = useQueryClient()
  const portal = before.kind === 'portal'
  useEffect(() => {
    // The page around it can fetch a new link.
    if (ended && portal) tellAround('pombo:expired')
  }, [ended, portal])
  return (
    <Dialog open={ended} held onClose={() => undefined} title={t('title')}>
      {portal ? (
        <p>{t('portalEnded')}</p>
      ) : (
        <>
          <p>{t('ended')}</p>
          <SignInForm
            onDone={(session) => {
              // What is on the page is another's.
              if (session.tenant.id !== before.tenant.id) window.location.reload()
              queries.setQueryData(sessionQuery.queryKey, session)
              void queries.invalidateQueries()
            }}
          />
        </>
      )}
    </Dialog>
  )
}
