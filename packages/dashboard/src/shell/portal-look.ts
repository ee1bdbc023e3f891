import { useEffect } from 'react'
import { wishedLook } from '../session/embedding.ts'
import { useSession } from '../session/session.ts'
import { useLanguage } from '../words/language.ts'
import { kept } from './kept.ts'
import { applyTheme } from './theme.ts'

/** A portal has the operator's colours, theme and language, where the person has not chosen their own. */
export function usePortalLook(): void {
  const { portal, kind } = useSession()
  const { suggest } = useLanguage()
  const look = kind === 'portal' ? portal : null
  useEffect(() => {
    if (look === null || look === undefined) return
    const { style } = document.documentElement
    const { accent, accentText } = look.colors
    if (accent !== null) {
      style.setProperty('--accent-fill', accent)
      // Readable as text on both grounds: a little towards the ink.
      style.setProperty('--accent', `color-mix(in oklab, ${accent} 75%, var(--ink))`)
      style.setProperty('--accent-soft', `color-mix(in oklab, ${accent} 12%, var(--surface))`)
      style.setProperty('--chart-1', accent)
    }
    if (accentText !== null) style.setProperty('--accent-ink', accentText)
    const wished = wishedLook()
    if (wished.theme === undefined && kept('theme') === null) applyTheme(look.theme)
    if (wished.language === undefined && look.language !== null && kept('language') === null)
      suggest(look.language)
  }, [look, suggest])
}
