import { expect, test } from 'vitest'
import { explain } from './explain.ts'

test('a password that the database wants and nobody gave is said so, without the client’s words', () => {
  const words = 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'
  expect(explain(new Error(words))).toBe(
    'The database wants a password, and DATABASE_URL has none: postgres://user:password@host/database.\n',
  )
})
