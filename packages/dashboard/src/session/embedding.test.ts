import { expect, test } from 'vitest'
import { readHeard } from './embedding.ts'

test('of what the page around it says, only looks that there are and a token are heard', () => {
  expect(readHeard({ type: 'pombo:look', theme: 'dark', language: 'pt-BR' })).toEqual({
    type: 'look',
    look: { theme: 'dark', language: 'pt-BR' },
  })
  expect(readHeard({ type: 'pombo:look', theme: 'url(x)', language: null })).toEqual({
    type: 'look',
    look: { theme: undefined, language: undefined },
  })
  expect(readHeard({ type: 'pombo:renew', token: 'sk_1.a' })).toEqual({
    type: 'renew',
    token: 'sk_1.a',
  })
  for (const other of [
    null,
    'pombo:look',
    { type: 'pombo:renew' },
    { type: 'pombo:renew', token: '' },
    { type: 'x' },
  ])
    expect(readHeard(other)).toBeUndefined()
})
