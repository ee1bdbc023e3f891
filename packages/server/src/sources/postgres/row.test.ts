import { expect, test } from 'vitest'
import { messageOf, type OutboxRow } from './row.ts'

const row: OutboxRow = {
  id: 1,
  event_id: 'e1',
  event_type: 'user.registered',
  op: 'INSERT',
  table_schema: 'public',
  table_name: 'users',
  record: '{"id":1.0}',
  old_record: null,
  data: null,
  ordering_key: 'users:1',
  attempts: 0,
  bytes: 10,
}
const app = { tenantId: 't', appId: 'a' }
const message = (given: Partial<OutboxRow>) => {
  const read = messageOf({ ...row, ...given }, app, 100)
  if (!read.ok) throw new Error(read.problem)
  return read.message
}

test('a change keeps its digits and is known by the id of its event', () => {
  expect(message({})).toMatchObject({
    ...app,
    eventType: 'user.registered',
    eventId: 'e1',
    payload:
      '{"type":"INSERT","table":"users","schema":"public","record":{"id":1.0},"old_record":null}',
    orderingKey: 'users:1',
    dedupe: [{ kind: 'source', key: 'outbox e1' }],
  })
})

test('what pombo.emit was told is the payload itself', () => {
  expect(message({ op: null, record: null, data: '[1.50]' }).payload).toBe('[1.50]')
})

test('a key too long for Pombo is hashed, so that it still keeps apart what is apart', () => {
  const long = (end: string) => message({ ordering_key: 'k'.repeat(300) + end }).orderingKey!
  expect(long('a')).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(long('a')).not.toBe(long('b'))
})

test.each([
  ['a type with a blank', { event_type: 'a b' }, 'cannot be an event type'],
  ['a payload above the limit', { bytes: 101, record: null }, 'more than 100 are not taken'],
])('%s is no message', (_, given, problem) => {
  expect(messageOf({ ...row, ...given }, app, 100)).toEqual({
    ok: false,
    problem: expect.stringContaining(problem),
  })
})
