import { Dialog } from '@base-ui/react/dialog'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon } from 'lucide-react'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { IconButton } from '../parts/button.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Mark } from '../parts/mark.tsx'
import { useEmbedding } from '../session/embedding.ts'
import { EndedDialog } from '../session/ended-dialog.tsx'
import { useSession } from '../session/session.ts'
import { NoPage } from './dead-ends.tsx'
import { mayOpen, Navigation } from './navigation.tsx'
import { usePortalLook } from './portal-look.ts'
import styles from './shell.module.css'
import { Stale } from './stale.tsx'

// What opens only at a click is no part of the first script.
const AppPicker = lazy(async () => ({ default: (await import('./app-picker.tsx')).AppPicker }))
const AccountMenu = lazy(async () => ({
  default: (await import('./account-menu.tsx')).AccountMenu,
}))

/** What stands around every page: where to go, which app it is about, who is signed in. */
export function Shell() {
  const t = useTranslations('shell')
  usePortalLook()
  useEmbedding()
  const [open, setOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const routeId = useRouterState({ select: ({ matches }) => matches.at(-1)?.routeId ?? '' })
  const session = useSession()
  const first = useRef(path)
  // Who does not see the page change is taken to it.
  useEffect(() => {
    if (first.current !== path) main.current?.focus({ preventScroll: true })
    first.current = path
  }, [path])
  return (
    <>
      <a className={styles.skip} href="#main">
        {t('skip')}
      </a>
      <div className={styles.shell}>
        <Side />
        <header className={styles.top}>
          <Dialog.Root open={open} onOpenChange={setOpen}>
            <Dialog.Trigger
              render={<IconButton label={t('menu')} icon={MenuIcon} iconSize={18} />}
            />
            <Dialog.Portal>
              <Dialog.Backdrop className={dialogStyles.backdrop} />
              <Dialog.Popup className={styles.drawer} aria-label={t('menu')}>
                <Side onPick={() => setOpen(false)} />
              </Dialog.Popup>
            </Dialog.Portal>
          </Dialog.Root>
          <Brand />
        </header>
        <main id="main" ref={main} tabIndex={-1} className={styles.main}>
          <Stale />
          {mayOpen(session, routeId) ? <Outlet /> : <NoPage />}
        </main>
      </div>
      <EndedDialog />
    </>
  )
}

function Side({ onPick }: { onPick?: () => void }) {
  const { kind } = useSession()
  return (
    <div className={styles.side}>
      <Brand />
      {kind === 'account' && (
        <Suspense fallback={<div className={styles.picker} />}>
          <AppPicker />
        </Suspense>
      )}
      <Navigation {...(onPick && { onPick })} />
      <Suspense fallback={<div className={styles.account} />}>
        <AccountMenu />
      </Suspense>
    </div>
  )
}

function Brand() {
  const { portal, kind, app } = useSession()
  if (kind === 'account')
    return (
      <div className={styles.brand}>
        <Mark /> Pombo
      </div>
    )
  const name = portal?.name ?? app?.name ?? ''
  return (
    <div className={styles.brand}>
      {portal?.logoUrl ? <img src={portal.logoUrl} alt={name} /> : name}
    </div>
  )
}
