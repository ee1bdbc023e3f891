import { expect, test } from 'vitest'
import {
  changedDatabaseUrl,
  databaseUrlKind,
  readDatabaseUrl,
  shownDatabase,
} from './database-url.ts'
import { withoutPassword } from './masked-url.ts'

test('several hosts are taken apart, and the one that takes writes is asked for', () => {
  expect(readDatabaseUrl('postgres://u:p%40@h1:1,h2,[::1]:3/db?sslmode=require')).toEqual({
    urls: [
      'postgres://u:p%40@h1:1/db?sslmode=require',
      'postgres://u:p%40@h2/db?sslmode=require',
      'postgres://u:p%40@[::1]:3/db?sslmode=require',
    ],
    hosts: ['h1:1', 'h2:5432', '[::1]:3'],
    wish: 'read-write',
  })
  expect(readDatabaseUrl('postgresql:///db?host=/run/a,/run/b&port=1,2')).toMatchObject({
    hosts: ['/run/a:1', '/run/b:2'],
    wish: 'read-write',
  })
})

test('one host is asked for nothing unless the URL says so', () => {
  expect(readDatabaseUrl('postgres://u@h/db')).toMatchObject({
    urls: ['postgres://u@h/db'],
    wish: 'any',
  })
  for (const [said, wish] of [
    ['primary', 'read-write'],
    ['read-only', 'standby'],
    ['prefer-standby', 'prefer-standby'],
  ])
    expect(readDatabaseUrl(`postgres://u@h/db?target_session_attrs=${said}`)).toMatchObject({
      wish,
    })
})

test('what cannot lead to a server that takes writes is refused, with the reason', () => {
  const { schema } = databaseUrlKind({ writes: true })
  const reason = (given: string) => schema.safeParse(given).error?.issues[0]!.message
  expect(reason('postgres://h1,,h2/db')).toBe('between two commas there is no host')
  expect(reason('mysql://h/db')).toBe('it starts with mysql:')
  expect(reason('postgres://h1,h2/db?target_session_attrs=all')).toMatch(
    /^target_session_attrs is none of any, /,
  )
  expect(reason('postgres://h1,h2/db?target_session_attrs=standby')).toMatch(/take no writes/)
  expect(reason('postgres://h1,h2/db?target_session_attrs=any')).toMatch(/has to be read-write/)
  expect(reason('postgres://h1,h2/db')).toBeUndefined()
})

test.each(['p@ss#w/1', 'pw/1', 'pw#1', 'p?ss', 'a/b@c'])(
  'a password %s that is not percent-encoded is said to be that, and not another host or no URL',
  (password) => {
    const said = { problem: 'in a user name or password write @ / ? # as %40 %2F %3F %23' }
    expect(readDatabaseUrl(`postgres://ben:${password}@127.0.0.1:5432/pombo`)).toEqual(said)
    const encoded = encodeURIComponent(password)
    expect(readDatabaseUrl(`postgres://ben:${encoded}@127.0.0.1:5432/pombo`)).toMatchObject({
      hosts: ['127.0.0.1:5432'],
    })
  },
)

test('a password is hidden, whatever the number of hosts', () => {
  expect(withoutPassword('postgres://u:secret@h1:1,h2:2/db?sslpassword=x', { query: true })).toBe(
    'postgres://u:***@h1:1,h2:2/db?sslpassword=***',
  )
  expect(shownDatabase('postgres://u:secret@h1:1,h2/db')).toBe('h1:1,h2:5432/db')
  expect(changedDatabaseUrl('postgres://u@h1:1,h2/db', (url) => (url.pathname = '/other'))).toBe(
    'postgres://u@h1:1,h2/other',
  )
})
