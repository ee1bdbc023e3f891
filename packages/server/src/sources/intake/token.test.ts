import { expect, test } from 'vitest'
import { hashToken, isToken, makeToken, presentedKeys, readQueryToken } from './token.ts'

test('tokens are long, different, told from API keys, and stand in a URL as they are', () => {
  const [one, other] = [makeToken(), makeToken()]
  expect(one.text).not.toBe(other.text)
  expect(one.text).toMatch(/^pombosrc_[\w-]{43}$/)
  expect(isToken(one.text) && !isToken('pombo_abc')).toBe(true)
  expect(hashToken(one.text)).toEqual(one.hash)
  expect(one.hint.length).toBeLessThan(16)
})

test('the query’s token is best, and what a gateway put into Authorization last', () => {
  const headers = { authorization: 'Bearer jwt', apikey: 'a', 'x-api-key': 'x' }
  expect(presentedKeys(headers, 'q')).toEqual(['q', 'x', 'a', 'jwt'])
  expect(presentedKeys({ authorization: 'bare' }, null)).toEqual(['bare'])
  expect(presentedKeys({ authorization: 'bearer  q', apikey: '' }, 'q')).toEqual(['q'])
})

test('an event behind the token is told from it', () => {
  expect(readQueryToken('t')).toEqual({ token: 't', event: null })
  expect(readQueryToken('t/messages-upsert')).toEqual({ token: 't', event: 'messages-upsert' })
  expect(readQueryToken(['t', 'u'])).toEqual({ token: 't', event: null })
  expect(readQueryToken(undefined)).toEqual({ token: null, event: null })
})
