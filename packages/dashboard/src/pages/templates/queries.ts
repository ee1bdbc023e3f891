import { queryOptions } from '@tanstack/react-query'
import { useLocale } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { TemplateWords } from '../../api/shapes.ts'

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: async () => (await ask(api.GET('/api/v1/template'))).data,
  staleTime: 600_000,
})

/** Templates bring their words along, in each language. */
export function useTemplateWords(): (words: TemplateWords) => string {
  const language = useLocale()
  return (words) => words[language]
}
