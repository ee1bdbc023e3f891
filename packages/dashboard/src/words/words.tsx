/**
 * The languages. A catalogue is loaded when it is chosen; the first choice is the browser's, the person's own is kept
 * in the browser. Numbers, dates and plurals are the platform's Intl, through use-intl.
 */
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import { IntlProvider } from 'use-intl'
import { keep, kept } from '../shell/kept.ts'
import type { en } from './en/en.ts'
import { LanguageContext } from './language.ts'
import { type Language, languages, preferredLanguage } from './languages.ts'

declare module 'use-intl' {
  interface AppConfig {
    Locale: Language
    Messages: typeof en
  }
}

const catalogues = {
  en: async () => (await import('./en/en.ts')).en,
  'pt-BR': async () => (await import('./pt/pt.ts')).ptBr,
}

export function Words({ first, children }: { first?: Language; children: ReactNode }) {
  const [chosen, setChosen] = useState<Language>(
    () => first ?? languages.find((one) => one === kept('language')) ?? preferredLanguage(),
  )
  const [loaded, setLoaded] = useState<{ language: Language; messages: unknown }>()
  useEffect(() => {
    let current = true
    void catalogues[chosen]().then((messages) => {
      if (!current) return
      document.documentElement.lang = chosen
      setLoaded({ language: chosen, messages })
    })
    return () => {
      current = false
    }
  }, [chosen])
  const choose = useCallback((language: Language) => {
    keep('language', language)
    setChosen(language)
  }, [])
  const value = useMemo(() => ({ language: chosen, choose, suggest: setChosen }), [chosen, choose])
  if (loaded === undefined) return null
  return (
    <LanguageContext value={value}>
      <IntlProvider
        locale={loaded.language}
        messages={loaded.messages as typeof en}
        timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}
      >
        {children}
      </IntlProvider>
    </LanguageContext>
  )
}
