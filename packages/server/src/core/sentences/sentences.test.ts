import { expect, test } from 'vitest'
import { codeOf, codeOfError, filled, say, type SentenceCode, sentences } from './sentences.ts'

const namesIn = (sentence: string): string[] => [
  ...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)),
]

test('the code of each sentence, and what stands in it, are found again in its text', () => {
  for (const [code, sentence] of Object.entries(sentences)) {
    const values = Object.fromEntries(namesIn(sentence).map((name, i) => [name, `value ${i}`]))
    expect(codeOf(filled(sentence, values))).toEqual({ code, values })
  }
})

test('no two codes are of one sentence', () => {
  const all = Object.values(sentences)
  expect(all.filter((one, i) => all.indexOf(one) !== i)).toEqual([])
})

test('what others say has no code', () => {
  expect(codeOf('')).toBeUndefined()
  expect(codeOf('self-signed certificate in certificate chain')).toBeUndefined()
  expect(codeOf('gave up after 8 attempts, and more')).toBeUndefined()
})

test('a name that stands twice in a sentence has one value', () => {
  const made = (key: string) =>
    `the stream "a" does not exist; make it (XGROUP CREATE ${key} g $ MKSTREAM)`
  expect(codeOf(made('a'))?.code).toBe('stream_missing_own_group')
  expect(codeOf(made('b'))).toBeUndefined()
  expect(codeOf(made('ab'))).toBeUndefined()
})

test('a value may hold what stands around it, and takes no long time', () => {
  const reason = ': not sent: given up by hand: '.repeat(10_000)
  expect(codeOf(say('not_sent_by_hand_because', { reason }))).toEqual({
    code: 'not_sent_by_hand_because' satisfies SentenceCode,
    values: { reason },
  })
})

test('an attempt’s error has the code of what stands behind its cause', () => {
  const error = `transform: ${say('cel_no_key', { name: 'amount' })}`
  expect(codeOfError(error)).toEqual({ code: 'cel_no_key', values: { name: 'amount' } })
  expect(codeOfError(`status 507: ${say('no_stream', { stream: 'EVENTS' })}`)?.code).toBe(
    'no_stream',
  )
  expect(codeOfError(`status 302, ${say('redirected', { location: '/new' })}`)?.code).toBe(
    'redirected',
  )
})
