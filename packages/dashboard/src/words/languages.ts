export const languages = ['en', 'pt-BR'] as const
export type Language = (typeof languages)[number]

/** Each in its own words. */
export const languageNames: Record<Language, string> = { en: 'English', 'pt-BR': 'Português' }

export function preferredLanguage(wanted: readonly string[] = navigator.languages): Language {
  const first = wanted.find((one) => /^(en|pt)\b/i.test(one)) ?? 'en'
  return /^pt\b/i.test(first) ? 'pt-BR' : 'en'
}
