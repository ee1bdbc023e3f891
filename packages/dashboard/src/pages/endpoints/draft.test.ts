import { expect, test } from 'vitest'
import { changesOf, draftOf, emptyDraft, inputOf, secondsOf, wrongOf } from './draft.ts'

test('what is left empty is sent as nothing, so that Pombo’s own holds', () => {
  expect(inputOf({ ...emptyDraft(), url: ' https://example.com ' })).toMatchObject({
    url: 'https://example.com',
    eventTypes: null,
    channels: null,
    filter: null,
    transform: null,
    retrySchedule: null,
    timeoutMs: null,
    priority: null,
  })
})

test('an endpoint that is opened and saved stays what it was', () => {
  const input = {
    ...inputOf({ ...emptyDraft(), url: 'https://example.com/a' }),
    eventTypes: ['a', 'b.*'],
    channels: ['x'],
    filter: 'payload.a == 1',
    transform: { payload: '{"a": payload.a}' },
    retrySchedule: [5, 60],
    timeoutMs: 2_000,
    throttleRate: 10,
    maxInFlight: 12,
    priority: 'low' as const,
  }
  const endpoint = input as unknown as Parameters<typeof draftOf>[0]
  expect(inputOf(draftOf(endpoint))).toEqual(input)
})

test('what does not fit is named by its field', () => {
  const draft = {
    ...emptyDraft(),
    url: 'example.com',
    timeoutMs: '0',
    maxInFlight: 'many',
    ownSchedule: true,
    schedule: '5, x',
  }
  expect(wrongOf(draft)).toEqual({
    url: 'url',
    timeoutMs: 'number',
    maxInFlight: 'number',
    schedule: 'schedule',
  })
  expect(wrongOf({ ...emptyDraft(), url: 'http://localhost:3000/x' })).toEqual({})
})

test('a schedule is read as seconds; an empty one means no retries', () => {
  expect(secondsOf('5, 60,\n3600')).toEqual([5, 60, 3600])
  expect(secondsOf('0.5, 2')).toEqual([0.5, 2])
  expect(secondsOf('')).toEqual([])
  expect(secondsOf('5 s')).toBeUndefined()
})

test('of an endpoint that is there only what was changed is sent', () => {
  const started = { ...emptyDraft(), url: 'https://example.com/a', description: 'CRM' }
  expect(changesOf(started, { ...started })).toEqual({})
  expect(
    changesOf(started, { ...started, timeoutMs: '2000', allTypes: false, types: 'a' }),
  ).toEqual({ timeoutMs: 2_000, eventTypes: ['a'] })
})
