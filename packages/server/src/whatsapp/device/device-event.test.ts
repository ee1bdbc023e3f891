import { expect, test } from 'vitest'
import { deviceEvent } from './device-event.ts'
import { readEvent } from '../whatsapp.ts'

const atMs = Date.UTC(2025, 7, 12, 15, 30, 45, 123)

function read(report: string) {
  const event = deviceEvent(report, 'a1b2c3d4e5f67890', atMs)
  return event && { ...event, payload: readEvent(JSON.parse(event.payload)) }
}

test('a frame of the gateway’s websocket is a canonical event, with the frame in raw', () => {
  const frame =
    '{"code":"LOGIN_SUCCESS","message":"Successfully pair with 5511999999999:12@s.whatsapp.net","result":null}'
  expect(read(frame)?.payload).toEqual({
    type: 'session.paired',
    session: 'a1b2c3d4e5f67890',
    at: '2025-08-12T15:30:45.123Z',
    timestamp: 1755012645,
    me: {
      id: '5511999999999@s.whatsapp.net',
      altId: null,
      phone: '5511999999999',
      name: null,
      imageUrl: null,
    },
    platform: null,
    businessName: null,
    raw: { source: 'device', name: 'LOGIN_SUCCESS', id: null, event: JSON.parse(frame) },
  })
})

test('words of any length are searched for the number in no time', () => {
  const startedAt = performance.now()
  read(JSON.stringify({ code: 'LOGIN_SUCCESS', message: '1'.repeat(20_000) }))
  // Read again from each digit it would be hours.
  expect(performance.now() - startedAt).toBeLessThan(5_000)
})

test('numbers of a report keep their digits', () => {
  const text = '{"code":"GENERIC","bytes":12345678901234567890,"ratio":1.0}'
  expect(deviceEvent(text, 'x', atMs)?.payload).toContain(text)
})

test('a report’s own time counts', () => {
  const event = read('{"code":"CONTAINER_STOP","timestamp":"2025-08-12T16:30:45.456Z"}')
  expect(event?.payload).toMatchObject({ at: '2025-08-12T16:30:45.456Z', status: 'stopped' })
})

test('a device’s account is known by its number, whichever version of the gateway lists it', () => {
  for (const entry of [
    '{"device":"5511999999999:12@s.whatsapp.net"}',
    '{"jid":"5511999999999@s.whatsapp.net","device":"x"}',
  ])
    expect(read(`{"code":"LIST_DEVICES","result":[${entry}]}`)?.payload).toMatchObject({
      type: 'session.connected',
      me: { phone: '5511999999999' },
    })
  expect(
    read('{"code":"LIST_DEVICES","devices":[{"device":"device-12@s.whatsapp.net"}]}')?.payload,
  ).toMatchObject({ me: null })
})

test('what was refused says why', () => {
  expect(
    read('{"code":"AUTH_FAILURE","message":"m","error":{"reason":"session_expired"}}')?.payload,
  ).toMatchObject({ type: 'session.pair_failed', reason: 'session_expired' })
  expect(read('{"code":"LOGOUT_COMPLETE"}')?.payload).toMatchObject({ final: true })
})

test.each(['[]', '"LOGIN_SUCCESS"', '{"message":"x"}'])('%s is no report', (text) => {
  expect(deviceEvent(text, 'x', atMs)).toBeUndefined()
})
