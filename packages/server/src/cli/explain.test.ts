import { expect, test } from 'vitest'
import { explain } from './explain.ts'

test('a password that the database wants and nobody gave is said so, without the client’s words', () => {
  const words = 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'
  expect(explain(new Error(words))).toBe(
    'The database wants a password, and DATABASE_URL has none: postgres://user:password@host/database.\n',
  )
})

test.each([
  ['28P01', 'password authentication failed for user "pombo"'],
  ['53300', 'too many connections for database "pombo"'],
  ['55000', 'database "pombo" is not currently accepting connections'],
  ['25006', 'cannot execute CREATE TABLE in a read-only transaction'],
  ['57P03', 'the database system is starting up'],
])(
  'a database that turns everything away (%s) is said to, and where it is named',
  (code, words) => {
    const error = Object.assign(new Error(words), { code })
    expect(explain(error)).toBe(
      `The database cannot be used: ${words}. DATABASE_URL names it; "pombo doctor" says more.\n`,
    )
  },
)
