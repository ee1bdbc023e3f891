import { expect, test } from 'vitest'
import { en } from './en/en.ts'
import { preferredLanguage } from './languages.ts'
import { ptBr } from './pt/pt.ts'

type Tree = { [key: string]: string | Tree }

function* leaves(tree: Tree, path = ''): Generator<[string, string]> {
  for (const [key, value] of Object.entries(tree))
    if (typeof value === 'string') yield [`${path}${key}`, value]
    else yield* leaves(value, `${path}${key}.`)
}

/** The names between the braces, and the tags, that a text is given. */
const holes = (text: string): string[] =>
  [
    ...new Set(
      [...text.matchAll(/(?<!(?:one|other|=\d+) )\{(\w+)[,}]|<(\w+)>/g)].map(
        (one) => one[1] ?? one[2]!,
      ),
    ),
  ].toSorted()

test('each text is in both languages, and takes the same values', () => {
  const other = new Map(leaves(ptBr))
  const english = [...leaves(en)]
  expect(english.map(([key]) => key).toSorted()).toEqual([...other.keys()].toSorted())
  const wrong = english.filter(
    ([key, text]) => holes(text).join() !== holes(other.get(key)!).join(),
  )
  expect(wrong.map(([key]) => key)).toEqual([])
})

test('the language is the first of the browser’s that there is', () => {
  expect(preferredLanguage(['fr', 'pt-PT', 'en'])).toBe('pt-BR')
  expect(preferredLanguage(['en-GB', 'pt'])).toBe('en')
  expect(preferredLanguage(['de'])).toBe('en')
})
