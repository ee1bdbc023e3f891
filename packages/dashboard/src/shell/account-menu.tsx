import { BookOpen, ChevronsUpDown, LogOut } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { basePath } from '../api/base-path.ts'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../parts/menu.tsx'
import { useSay } from '../parts/toast.tsx'
import { useSession, useSignOut } from '../session/session.ts'
import { useLanguage } from '../words/language.ts'
import { languageNames, languages } from '../words/languages.ts'
import styles from './shell.module.css'
import { chooseTheme, currentTheme, themes } from './theme.ts'

const themeWords = { auto: 'themeAuto', light: 'themeLight', dark: 'themeDark' } as const

export function AccountMenu() {
  const t = useTranslations('shell')
  const session = useSession()
  const { language, choose } = useLanguage()
  const [theme, setTheme] = useState(currentTheme)
  const signOut = useSignOut()
  const say = useSay()
  return (
    <Menu
      trigger={
        <button type="button" className={styles.who}>
          <span>
            <b>{session.app?.name ?? session.tenant.name}</b>
            <small>{t(`role${session.role}`)}</small>
          </span>
          <ChevronsUpDown size={13} aria-hidden />
        </button>
      }
    >
      <MenuChoice
        label={t('theme')}
        value={theme}
        onPick={(picked) => {
          setTheme(picked)
          chooseTheme(picked)
        }}
        options={themes.map((value) => ({ value, label: t(themeWords[value]) }))}
      />
      <MenuLine />
      <MenuChoice
        label={t('language')}
        value={language}
        onPick={choose}
        options={languages.map((value) => ({ value, label: languageNames[value] }))}
      />
      <MenuLine />
      <MenuItem
        icon={BookOpen}
        onPick={() => void window.open(`${basePath}/api/v1/docs`, '_blank', 'noopener')}
      >
        {t('reference')}
      </MenuItem>
      <MenuItem icon={LogOut} onPick={() => void signOut().catch(say.failed)}>
        {t('signOut')}
      </MenuItem>
    </Menu>
  )
}
