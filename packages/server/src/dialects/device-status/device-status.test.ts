import { expect, test } from 'vitest'
import { canonicalSamples } from '../../../test/support/canonical-events.ts'
import {
  endpointOf,
  outgoing,
  type Sample,
  samplesOf,
} from '../../../test/support/dialect-samples.ts'
import { deviceEventTypes, deviceStatuses } from '../../whatsapp/device/device-status.ts'
import { deviceHashOf } from './device.ts'
import { deviceStatus } from './device-status.ts'

const endpoint = endpointOf('device-status')

interface Body {
  device: { deviceHash: string; status: string }
  event: Record<string, unknown> & { type: string; code: string; message: string }
  timestamp: string
}

function sent(sample: Sample): Body {
  return JSON.parse(deviceStatus.format(outgoing(sample), endpoint)) as Body
}

/** A report as a source hands it on: the canonical event with the report in `raw`. */
function report(eventType: string, event: Record<string, unknown>): Sample {
  const sample = canonicalSamples.find((one) => one.eventType === eventType)!
  const payload = { ...(sample.payload as object), raw: { source: 'device', event } }
  return { ...sample, payload }
}

test('whatever happens, the status is one of the six and the envelope is whole', () => {
  for (const sample of [...samplesOf('device-status'), ...canonicalSamples]) {
    const { device, event, timestamp } = sent(sample)
    expect(deviceStatuses).toContain(device.status)
    expect(device.deviceHash).toMatch(/^[\da-f]{16}$/)
    expect(
      [event.code, event.message].every((text) => typeof text === 'string' && text !== ''),
    ).toBe(true)
    expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  }
})

test('what happens to a session is one of the five events; what comes in through it is none', () => {
  for (const { eventType } of canonicalSamples) {
    const own = /^(session|gateway|device)\./.test(eventType)
    expect(deviceEventTypes.includes(deviceStatus.eventName(eventType) as 'connected')).toBe(own)
  }
})

test('a report keeps its own words, and keys that nobody knows', () => {
  const { event } = sent(
    report('session.paired', {
      code: 'LOGIN_SUCCESS',
      message: 'Olá',
      device_info: { id: 'x' },
      node: 3,
    }),
  )
  expect(event).toEqual({
    type: 'login_success',
    code: 'LOGIN_SUCCESS',
    message: 'Olá',
    device_info: { id: 'x' },
    node: 3,
  })
})

test('another gateway’s event with a code of its own is not taken for a report', () => {
  const { event } = sent(report('session.disconnected', { code: 'LOGIN_SUCCESS', message: 'Olá' }))
  expect(event).toMatchObject({
    type: 'disconnected',
    code: 'LIST_DEVICES',
    message: 'Device disconnected',
  })
})

test('a login code does not leave to those who watch the device', () => {
  for (const type of ['session.qr_updated', 'session.passkey_confirmation']) {
    const sample = canonicalSamples.find((one) => one.eventType === type)!
    const body = deviceStatus.format(outgoing(sample), endpoint)
    expect(body).not.toMatch(/2@|12345678/)
  }
})

test('a device made by this API has its own name for a hash, any other the start of its name’s SHA-256', () => {
  expect(deviceHashOf('a1b2c3d4e5f67890', 'x')).toBe('a1b2c3d4e5f67890')
  expect(deviceHashOf('5511999999999', 'a1b2c3d4e5f67890')).toBe('a1b2c3d4e5f67890')
  expect(deviceHashOf('loja', 'app_1')).toBe('9a9725757288e8f9')
  expect(deviceHashOf('A1B2C3D4E5F67890')).toMatch(/^(?!A1B2)[\da-f]{16}$/)
})

test('two events of one millisecond are told apart by their id', () => {
  const [one, other] = samplesOf('device-status').slice(0, 2)
  const first = deviceStatus.headers(outgoing(one!), endpoint)
  const second = deviceStatus.headers(outgoing(other!, { messageId: 'msg_2' }), endpoint)
  expect(first['webhook-id']).toMatch(/^msg_/)
  expect(second['webhook-id']).toBe('msg_2')
  const repeated = deviceStatus.headers(outgoing(one!, { attempt: 2 }), endpoint)
  expect(repeated).toEqual(first)
})

test('three retries, after 1, 2 and 4 seconds, and 10 seconds to answer', () => {
  expect(deviceStatus.retry).toEqual({
    scheduleMs: [1_000, 2_000, 4_000],
    jitter: 0,
    retryStatuses: 'all',
  })
  expect(deviceStatus.timeoutMs).toBe(10_000)
})
