import { createContext, useContext } from 'react'
import type { Language } from './languages.ts'

export const LanguageContext = createContext<{
  language: Language
  choose: (language: Language) => void
  /** Takes effect until somebody chooses. */
  suggest: (language: Language) => void
}>({ language: 'en', choose: () => undefined, suggest: () => undefined })

export function useLanguage() {
  return useContext(LanguageContext)
}
