import { expect, test } from 'vitest'
import type { Message } from '../../core/message.ts'
import { messageJson, pageJson } from './message-json.ts'

const message: Message = {
  id: '019f0000-0000-7000-8000-000000000001',
  tenantId: 't',
  appId: 'a',
  eventType: 'a.b',
  eventId: null,
  channels: ['x'],
  tags: null,
  payload: '{"n": 12345678901234567890,"x":1.0}',
  form: null,
  orderingKey: 'quote " and \\ and \u2028',
  priority: 'normal',
  createdAtMs: 0,
}

test('is JSON, with the payload to the letter and everything else escaped', () => {
  const text = messageJson(message, true, ',"more":1')
  expect(text).toContain(`"payload":${message.payload}}`)
  expect(JSON.parse(text)).toMatchObject({
    eventType: 'a.b',
    orderingKey: message.orderingKey,
    more: 1,
    timestamp: '1970-01-01T00:00:00.000Z',
  })
})

test('a payload that was not asked for is empty, one that is deleted says so', () => {
  expect(JSON.parse(messageJson(message, false)).payload).toEqual({})
  expect(JSON.parse(messageJson({ ...message, payload: null }, true)).payload).toEqual({
    expired: true,
  })
})

test('a page of them is JSON', () => {
  const text = pageJson({
    data: [messageJson(message, true), messageJson(message, false)],
    iterator: 'i',
    prevIterator: null,
    done: false,
  })
  expect(JSON.parse(text)).toMatchObject({
    data: [{}, {}],
    iterator: 'i',
    prevIterator: null,
    done: false,
  })
})
