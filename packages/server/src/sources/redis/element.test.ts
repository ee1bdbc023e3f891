import { expect, test } from 'vitest'
import { readElement, readEntry } from './element.ts'

const bytesOf = (fields: string[]) => fields.map((field) => Buffer.from(field))
const element = (text: string | object) =>
  readElement(Buffer.from(typeof text === 'string' ? text : JSON.stringify(text)), 'q', 1_000)

test('an element is read as the body of a message, its payload to the letter', () => {
  expect(
    element(
      '{"payload": {"n": 12345678901234567890, "v": 1.0}, "eventType": "order.paid", "eventId": "e-1", ' +
        '"orderingKey": "k", "priority": "high", "channels": ["a"], "tags": ["t"]}',
    ),
  ).toEqual({
    ok: true,
    message: {
      eventType: 'order.paid',
      payload: '{"n": 12345678901234567890, "v": 1.0}',
      eventId: 'e-1',
      orderingKey: 'k',
      priority: 'high',
      channels: ['a'],
      tags: ['t'],
      dedupe: [{ kind: 'source', key: 'redis|q|e-1', windowSeconds: 604_800 }],
    },
  })
})

test('without an eventId nothing makes an element a repeat: the same event may rightly come twice', () => {
  expect(element({ eventType: 'x', payload: null })).toMatchObject({
    ok: true,
    message: { payload: 'null', dedupe: [] },
  })
})

test.each([
  ['not json', 'it is not JSON'],
  ['[1]', /^it: /],
  [{ payload: 1 }, /^eventType: /],
  [{ eventType: 'with blanks', payload: 1 }, /^eventType: must be 1 to 256 letters/],
  [{ eventType: 'x' }, 'payload: is missing'],
  [{ eventType: 'x', payload: 1, eventtype: 'y' }, /eventtype/],
  [{ eventType: 'x', payload: 1, priority: 'urgent' }, /^priority: /],
  [{ eventType: 'x', payload: 'x'.repeat(1_000) }, /POMBO_MAX_BODY_BYTES/],
])('%j is refused with the reason', (given, problem) => {
  const read = element(given)
  if (read.ok) throw new Error('it was taken')
  expect(read.problem).toMatch(problem)
})

test('bytes that are no UTF-8 are refused, not repaired', () => {
  const bytes = Buffer.concat([
    Buffer.from('{"eventType":"x","payload":"'),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ])
  expect(readElement(bytes, 'q', 1_000)).toEqual({ ok: false, problem: 'it is not UTF-8' })
  const fields = [...bytesOf(['eventType', 'x', 'payload']), bytes]
  expect(readEntry('1-0', fields, 's', 1_000)).toEqual({ ok: false, problem: 'it is not UTF-8' })
})

test('an entry is read field by field, or as one element, and its id is what makes it a repeat', () => {
  const id = '1699876543000-0'
  const dedupe = [{ kind: 'source', key: `redis|s|${id}`, windowSeconds: 604_800 }]
  const fields = ['eventType', 'x.y', 'payload', '{"n": 1.0}', 'tags', 'a, b', 'eventId', 'e']
  expect(readEntry(id, bytesOf(fields), 's', 1_000)).toEqual({
    ok: true,
    message: { eventType: 'x.y', payload: '{"n": 1.0}', eventId: 'e', tags: ['a', 'b'], dedupe },
  })
  const whole = ['message', '{"eventType":"x.y","payload":1.0}']
  expect(readEntry(id, bytesOf(whole), 's', 1_000)).toEqual({
    ok: true,
    message: { eventType: 'x.y', payload: '1.0', eventId: null, dedupe },
  })
})

test.each([
  [['eventType', 'x', 'payload', 'no json'], 'its field "payload" is not JSON'],
  [['eventType', 'x'], 'payload: is missing'],
  [['message', '{'], 'its field "message" is not JSON'],
  [['eventType', 'x', 'payload', '1', 'unknown', '1'], /unknown/],
  [['eventType', 'x', 'payload', `"${'x'.repeat(1_000)}"`], /POMBO_MAX_BODY_BYTES/],
])('the entry %j is refused with the reason', (fields, problem) => {
  const read = readEntry('1-0', bytesOf(fields), 's', 1_000)
  if (read.ok) throw new Error('it was taken')
  expect(read.problem).toMatch(problem)
})
