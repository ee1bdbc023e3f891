import { Dialog } from '@base-ui/react/dialog'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon } from 'lucide-react'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { readConnection, watchConnection } from '../api/connection.ts'
import { IconButton } from '../parts/button.tsx'
import dialogStyles from '../parts/dialog.module.css'
import { Mark } from '../parts/mark.tsx'
import { EndedDialog } from '../session/ended-dialog.tsx'
import { useSession } from '../session/session.ts'
import { AccountMenu } from './account-menu.tsx'
import { AppPicker } from './app-picker.tsx'
import { Navigation } from './navigation.tsx'
import { usePortalLook } from './portal-look.ts'
import styles from './shell.module.css'

/** What stands around every page: where to go, which app it is about, who is signed in. */
export function Shell() {
  const t = useTranslations('shell')
  usePortalLook()
  const [open, setOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: ({ location }) => location.pathname })
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
              render={<IconButton label={t('menu')} icon={<MenuIcon size={18} aria-hidden />} />}
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
          <Lost />
          <Outlet />
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
      {kind === 'account' && <AppPicker />}
      <Navigation {...(onPick && { onPick })} />
      <AccountMenu />
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

function Lost() {
  const t = useTranslations('shell')
  const format = useFormatter()
  const { lostAt } = useSyncExternalStore(watchConnection, readConnection)
  if (lostAt === undefined) return null
  const time = format.dateTime(lostAt, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  return (
    <div className={styles.lost} role="status">
      {t('lost', { time })}
    </div>
  )
}
