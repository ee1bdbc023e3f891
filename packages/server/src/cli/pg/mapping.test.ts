import { expect, test } from 'vitest'
import { shown, triggerName } from './mapping.ts'

test('a trigger is named after its event and operation, within what PostgreSQL keeps of a name', () => {
  expect(triggerName({ event: 'user.registered', operation: 'insert' })).toBe(
    'pombo_user.registered_insert',
  )
  const event = 'conversation.message.added.by.somebody.or.other.at.night'
  const long = triggerName({ event, operation: 'update' })
  expect(long).toHaveLength(63)
  expect(triggerName({ event: `${event}s`, operation: 'update' })).not.toBe(long)
})

test('a table is shown as it may be written on the command line', () => {
  expect(shown({ schema: 'public', name: 'users' })).toBe('public.users')
  expect(shown({ schema: 'public', name: 'a.b"c' })).toBe('public."a.b""c"')
})
