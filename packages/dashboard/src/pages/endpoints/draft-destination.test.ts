import { expect, test } from 'vitest'
import {
  destinationDraftOf,
  destinationInput,
  overHttp,
  wrongDestination,
} from './draft-destination.ts'

test('a destination that is opened and saved stays what it was, with what the form has no field for', () => {
  for (const shown of [
    { type: 'rabbitmq', url: 'amqps://u:***@r.example.com', queue: 'q', persistent: false },
    { type: 'nats', url: 'tls://n.example.com', subject: 'a.{eventType}', credentials: '***' },
    { type: 'mqtt', url: 'mqtts://m.example.com', topic: 't', qos: 2, retain: true },
    { type: 'redis', url: 'rediss://r.example.com', stream: 's', create: true, maxLength: 1_000 },
    { type: 'postgres', url: 'postgres://p.example.com/d', table: 't', columns: { payload: 'b' } },
  ] as const) {
    const draft = destinationDraftOf(shown)
    expect(wrongDestination(draft)).toEqual({})
    expect(destinationInput(draft, '')).toEqual({ destination: shown })
  }
})

test('a kind that the form does not know is left alone', () => {
  const draft = destinationDraftOf({ type: 'carrier-pigeon' } as never)
  expect(wrongDestination(draft)).toEqual({})
  expect(destinationInput(draft, 'x')).toEqual({})
})

test('over HTTP the address is what counts', () => {
  expect(destinationInput(overHttp, ' https://example.com ')).toEqual({
    url: 'https://example.com',
    destination: null,
  })
})

test('what does not fit is named by its field', () => {
  const of = (kind: 'rabbitmq' | 'redis', values: Record<string, string>) =>
    wrongDestination({ kind, values, kept: {} })
  expect(of('rabbitmq', { url: 'https://r.example.com', queue: 'q', exchange: 'e' })).toEqual({
    url: 'scheme',
    queue: 'either',
  })
  expect(of('redis', { maxLength: '0' })).toEqual({
    url: 'missing',
    stream: 'missing',
    maxLength: 'number',
  })
})
