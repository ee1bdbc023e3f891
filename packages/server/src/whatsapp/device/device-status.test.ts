import { expect, test } from 'vitest'
import { readDeviceReport } from './device-status.ts'

const device = { device: 'device-12@s.whatsapp.net' }

test.each([
  [{ code: 'LOGIN_SUCCESS' }, 'login_success', 'connected', 'session.paired'],
  [{ code: 'LIST_DEVICES', devices: [device] }, 'connected', 'connected', 'session.connected'],
  [{ code: 'LIST_DEVICES', result: [device] }, 'connected', 'connected', 'session.connected'],
  [{ code: 'LIST_DEVICES', devices: [] }, 'disconnected', 'disconnected', 'session.disconnected'],
  [{ code: 'LIST_DEVICES', result: null }, 'disconnected', 'disconnected', 'session.disconnected'],
  [{ code: 'LOGOUT_COMPLETE' }, 'disconnected', 'disconnected', 'session.logged_out'],
  [{ code: 'DEVICE_LOGGED_OUT' }, 'disconnected', 'disconnected', 'session.logged_out'],
  [{ code: 'AUTH_FAILURE' }, 'auth_failed', 'error', 'session.pair_failed'],
  [{ code: 'CONTAINER_START' }, 'container_event', 'running', 'device.container_event'],
  [{ code: 'CONTAINER_STOP' }, 'container_event', 'stopped', 'device.container_event'],
])('the report %j is a %s, %s', (report, type, status, eventType) => {
  expect(readDeviceReport(report)).toEqual({ type, status, eventType, code: report.code })
})

test.each(['GENERIC', 'PASSKEY_REQUEST', 'constructor'])(
  'the code %s is a container event of code GENERIC that leaves the status as it was',
  (code) => {
    const generic = {
      type: 'container_event',
      code: 'GENERIC',
      eventType: 'device.container_event',
    }
    expect(readDeviceReport({ code })).toEqual({ ...generic, status: null })
    expect(readDeviceReport({ code, status: 'error' })).toEqual({ ...generic, status: 'error' })
    expect(readDeviceReport({ code, status: 'fine' })).toEqual({ ...generic, status: null })
  },
)

test('a report cannot name another status than its code has', () => {
  expect(readDeviceReport({ code: 'LOGIN_SUCCESS', status: 'stopped' })?.status).toBe('connected')
})

test.each([null, 'LOGIN_SUCCESS', {}, { code: '' }, { code: 7 }, []])(
  '%j is no report',
  (report) => {
    expect(readDeviceReport(report)).toBeUndefined()
  },
)
