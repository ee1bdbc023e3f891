import { expect, test } from 'vitest'
import { search } from './search.ts'

test('what fits is read with its type, and nothing else', () => {
  const read = search({ q: 'text', state: ['open', 'closed'], since: 'time', page: 'number' })
  const given = { q: 5, state: 'half', since: 'yesterday', page: '3', other: 1 }
  expect(read(given)).toEqual({ q: '5', page: 3 })
  expect(read({ state: 'open', since: '2026-01-31T00:00:00Z', q: '' })).toEqual({
    state: 'open',
    since: '2026-01-31T00:00:00Z',
  })
})

test('after signing in nobody is taken elsewhere', () => {
  const read = search({ to: 'path' })
  expect(read({ to: '/messages?q=1' })).toEqual({ to: '/messages?q=1' })
  for (const to of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
  ])
    expect(read({ to })).toEqual({})
})
