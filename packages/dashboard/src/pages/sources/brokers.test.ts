import { expect, test } from 'vitest'
import { brokers } from '../../../../server/src/sources/brokers.ts'
import { brokerDraftOf, brokerInput, brokerKinds, noBroker, wrongBroker } from './brokers.ts'

test('the form asks for all that a broker’s settings have, but for certificates', () => {
  const elsewhere = ['type', 'url', 'ca', 'cert', 'key']
  for (const [type, { fields }] of Object.entries(brokerKinds)) {
    const { settings } = brokers[type as keyof typeof brokers]
    const known = Object.keys((settings as unknown as { shape: object }).shape)
    expect([...fields.map(({ name }) => name), ...elsewhere].toSorted()).toEqual(known.toSorted())
  }
})

test('what feeds a source stays what it was when it is opened and saved, certificates too', () => {
  for (const shown of [
    { type: 'rabbitmq', url: 'amqps://u:***@r.example.com', stream: 's', from: 'next', batch: 7 },
    { type: 'nats', url: 'tls://n.example.com', stream: 'S', subject: 'a.>', credentials: '***' },
    { type: 'mqtt', url: 'mqtts://m.example.com', topic: 't/#', group: 'g', ca: 'PEM', key: '***' },
    { type: 'redis', url: 'rediss://r.example.com', list: 'l', end: 'left', paused: true },
  ] as const) {
    const draft = brokerDraftOf(shown)
    expect(wrongBroker(draft)).toEqual({})
    expect(brokerInput(draft)).toEqual(shown)
  }
  expect(brokerInput(noBroker)).toBeNull()
})

test('of a queue and a stream, and of a stream and a list, one is needed and not both', () => {
  const of = (type: 'rabbitmq' | 'redis', values: Record<string, string>) =>
    wrongBroker({
      type,
      values: { url: `${type === 'redis' ? 'redis' : 'amqp'}://h`, ...values },
      kept: {},
    })
  expect(of('rabbitmq', {})).toEqual({ queue: 'either' })
  expect(of('rabbitmq', { queue: 'q', stream: 's' })).toEqual({ queue: 'either' })
  expect(of('redis', { list: 'l' })).toEqual({})
})
