import { useQuery } from '@tanstack/react-query'
import type { components } from '../api/schema.d.ts'
import { filled } from './filled.ts'
import { useLanguage } from './language.ts'
import type { Language } from './languages.ts'

interface Said {
  sentences: Readonly<Record<string, string>>
  kinds: Readonly<Record<string, string | null>>
}

const none: Said = { sentences: {}, kinds: {} }

/** What Pombo's sentences say, where it does not say them in the language itself; loaded when a page may need them. */
const catalogues: Record<Language, () => Promise<Said>> = {
  en: () => Promise.resolve(none),
  'pt-BR': async () => (await import('./pt/sentences/sentences.ts')).said,
}

export function useSaid(): Said {
  const { language } = useLanguage()
  const { data = none } = useQuery({
    queryKey: ['said', language],
    queryFn: catalogues[language],
    staleTime: Infinity,
  })
  return data
}

type Coded = components['schemas']['CodedSentence']

/** A sentence of Pombo's by its code; undefined: as Pombo says it, which in English is all of them. */
export function useSentence(): (coded: Coded | undefined) => string | undefined {
  const { sentences } = useSaid()
  return (coded) => {
    const sentence = coded == null ? undefined : sentences[coded.code]
    return sentence === undefined ? undefined : filled(sentence, coded!.values)
  }
}
