import { expect, test } from 'vitest'
import { split } from './split.ts'

test('messages that are too many for one request are parted, in order, with what else the event says', () => {
  const messages = Array.from({ length: 50 }, (_, n) => ({ n, text: 'ção'.repeat(20) }))
  const parts = split('messages.upsert', { messages, type: 'append' }, 1_000)
  expect(parts.length).toBeGreaterThan(4)
  for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(1_000)
  const read = parts.map((part) => JSON.parse(part) as { messages: object[]; type: string })
  expect(read.flatMap((part) => part.messages)).toEqual(messages)
  expect(new Set(read.map((part) => part.type))).toEqual(new Set(['append']))
})

test('each list of a history is parted', () => {
  const history = { messages: ['m1', 'm2', 'm3'], chats: ['c1'], contacts: [], progress: 5 }
  const read = split('messaging-history.set', history, 66).map((part) => JSON.parse(part) as object)
  expect(read).toEqual([
    { messages: ['m1', 'm2'], chats: ['c1'], contacts: [], progress: 5 },
    { messages: ['m3'], chats: [], contacts: [], progress: 5 },
  ])
})

test('what is one thing stays whole, however large', () => {
  const group = [{ id: '1@g.us', participants: Array.from({ length: 99 }, (_, n) => n) }]
  expect(split('groups.upsert', group, 10)).toEqual([JSON.stringify(group)])
  expect(split('call', [1, 2], 3)).toEqual(['[1]', '[2]'])
  expect(split('unheard-of', { messages: [1, 2] }, 3)).toEqual(['{"messages":[1,2]}'])
})
