import { useTranslations } from 'use-intl'

/** What is wrong with text that has to be JSON: where it stops being it. Undefined: nothing. */
export function useJsonProblem(): (text: string) => string | undefined {
  const t = useTranslations('problems')
  return (text) => {
    try {
      JSON.parse(text)
      return undefined
    } catch (error) {
      const place = placeOf(String((error as Error).message), text)
      return place === undefined
        ? t('unendedJson')
        : t('unreadableJson', { line: String(place.line), column: String(place.column) })
    }
  }
}

/** Browsers name the place in different forms; none at all where the text ends too soon. */
export function placeOf(
  message: string,
  text: string,
): { line: number; column: number } | undefined {
  const [, position] = /position (\d+)/.exec(message) ?? []
  if (position === undefined) {
    const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? []
    return line === undefined ? undefined : { line: Number(line), column: Number(column) }
  }
  if (Number(position) >= text.trimEnd().length) return undefined
  const before = text.slice(0, Number(position)).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}
