import { expect, test } from 'vitest'
import { eventTexts } from './events.ts'
import { createStatusSteps } from './status-steps.ts'

test('a code to scan is of use for a minute, everything else for ever', () => {
  const useful = (name: string, data: unknown) =>
    eventTexts(name, data, createStatusSteps(), 1_000).map(({ usefulMs }) => usefulMs)
  expect(useful('connection.update', { qr: '2@a' })).toEqual([60_000])
  expect(useful('connection.update', { connection: 'open' })).toEqual([null])
  expect(useful('messages.upsert', { messages: [] })).toEqual([null])
})

test('an event without data, and one that no one has heard of, go as they are', () => {
  const texts = (name: string, data: unknown) => eventTexts(name, data, createStatusSteps(), 1_000)
  expect(texts('unheard.of', undefined)).toEqual([
    { name: 'unheard.of', data: 'null', usefulMs: null },
  ])
  expect(texts('messages.upsert', { odd: 1 })).toEqual([
    { name: 'messages.upsert', data: '{"odd":1}', usefulMs: null },
  ])
})
