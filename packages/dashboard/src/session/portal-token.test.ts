import { expect, test } from 'vitest'
import { takePortalToken } from './portal-token.ts'

const taken: string[] = []
const history = {
  replaceState: (_: unknown, __: string, to?: string | URL | null) => void taken.push(String(to)),
}

test('the token is read from the fragment, and the address is left without it', () => {
  const location = { hash: '#token=sk_abc.def', pathname: '/portal', search: '?a=1' }
  expect(takePortalToken(location, history)).toBe('sk_abc.def')
  expect(taken).toEqual(['/portal?a=1'])
})

test('an address without a token is left alone', () => {
  taken.length = 0
  expect(takePortalToken({ hash: '#x', pathname: '/portal', search: '' }, history)).toBeUndefined()
  expect(taken).toEqual([])
})
