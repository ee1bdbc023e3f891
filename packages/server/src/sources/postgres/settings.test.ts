import { expect, test } from 'vitest'
import { outboxKeys } from './settings.ts'

const setting = outboxKeys.outboxes
const read = (text: string) => setting.kind.schema.safeParse(text)

test('outboxes are URLs, each with the app that gets its events or without', () => {
  expect(read('postgres://db/a, shop=postgresql://u:p@db:6543/b?sslmode=require').data).toEqual([
    { app: null, url: 'postgres://db/a' },
    { app: 'shop', url: 'postgresql://u:p@db:6543/b?sslmode=require' },
  ])
})

test.each(['mysql://db/a', 'shop=db', 'my shop=postgres://db/a', 'postgres://db:port/a'])(
  '%s is refused',
  (text) => {
    expect(read(text).success).toBe(false)
  },
)

test('what is printed has no password', () => {
  expect(
    setting.redact!([{ app: 'shop', url: 'postgres://u:secret@db/b?sslpassword=secret' }]),
  ).toBe('shop=postgres://u:***@db/b?sslpassword=***')
})
