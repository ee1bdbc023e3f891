import { expect, test } from 'vitest'
import { causeReasons } from '../../../server/src/core/cause.ts'
import { fieldCodes } from '../../../server/src/core/field-problem.ts'
import { refusalCodes } from '../../../server/src/sources/intake/counters/count.ts'
import { sentences } from '../../../server/src/cli/doctor/sentences.ts'
import { loadConfigFile } from '../../../server/src/config/config.ts'
import { en } from './en/en.ts'
import { catalogue } from '../../../server/src/core/error.ts'
import { sentences as ofServer } from '../../../server/src/core/sentences/sentences.ts'
import { findings } from './pt/findings.ts'
import { said } from './pt/sentences/sentences.ts'
import { variables } from './pt/variables.ts'

test('each code that a field’s problem may have is said in words, and no other is', () => {
  expect(Object.keys(en.problems.fields).toSorted()).toEqual(fieldCodes.toSorted())
})

test('each reason that an attempt may fail for is said in words, and no other is', () => {
  expect(Object.keys(en.causes.reasons).toSorted()).toEqual(causeReasons.toSorted())
})

test('each code of a refused request is said in words, and no other is', () => {
  expect(Object.keys(en.sources.refusals).toSorted()).toEqual(refusalCodes.toSorted())
})

test('each variable of the configuration is described in Portuguese, and no other is', async () => {
  const loaded = await loadConfigFile({ env: {} })
  const known = loaded.ok ? loaded.entries.map(({ variable }) => variable) : []
  expect(Object.keys(variables).toSorted()).toEqual(known.toSorted())
})

test('each finding of the doctor is said in Portuguese, with the same values, and no other is', () => {
  const holes = (all: Readonly<Record<string, { detail: string; mend?: string }>>) =>
    Object.fromEntries(
      Object.entries(all).map(([code, said]) => [code, [said.detail, said.mend].map(holesIn)]),
    )
  expect(holes(findings)).toEqual(holes(sentences))
})

test('each sentence of the server’s is said in Portuguese, with the same values, and no other is', () => {
  const holes = (all: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(all).map(([code, sentence]) => [code, holesIn(sentence)]))
  expect(holes(said.sentences)).toEqual(holes(ofServer))
})

test('each kind of refusal has its words in Portuguese, with no other values, and no other has', () => {
  expect(Object.keys(said.kinds).toSorted()).toEqual(Object.keys(catalogue).toSorted())
  const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  for (const [kind, words] of Object.entries(said.kinds)) {
    const { message } = catalogue[kind as keyof typeof catalogue]
    expect(names(message), kind).toEqual(expect.arrayContaining(names(words ?? '')))
  }
})

/** Undefined: there is no sentence. */
function holesIn(sentence: string | undefined): string | undefined {
  return sentence && [...sentence.matchAll(/\{\w+\}/g)].map(String).toSorted().join()
}
