/**
 * What the reports of a WhatsApp device and of the container around it mean: the codes of its gateway, read by
 * one table of rules.
 */
import { fields, list, text } from '../../core/json-values.ts'
import type { EventType } from '../whatsapp.ts'

export const deviceStatuses = [
  'connected',
  'disconnected',
  'active',
  'running',
  'stopped',
  'error',
] as const
export type DeviceStatus = (typeof deviceStatuses)[number]

export const deviceEventTypes = [
  'login_success',
  'connected',
  'disconnected',
  'auth_failed',
  'container_event',
] as const
export type DeviceEventType = (typeof deviceEventTypes)[number]

export interface DeviceReading {
  type: DeviceEventType
  /** The report's own code where the table has it, else `GENERIC`. */
  code: string
  /** Null where the report says nothing about it: the device's status stays what it was. */
  status: DeviceStatus | null
  /** The canonical event that says the same. */
  eventType: EventType
}

type Rule = readonly [DeviceEventType, DeviceStatus | null, EventType]

const rules: Readonly<Record<string, Rule>> = {
  LOGIN_SUCCESS: ['login_success', 'connected', 'session.paired'],
  LIST_DEVICES: ['connected', 'connected', 'session.connected'],
  LOGOUT_COMPLETE: ['disconnected', 'disconnected', 'session.logged_out'],
  DEVICE_LOGGED_OUT: ['disconnected', 'disconnected', 'session.logged_out'],
  AUTH_FAILURE: ['auth_failed', 'error', 'session.pair_failed'],
  CONTAINER_START: ['container_event', 'running', 'device.container_event'],
  CONTAINER_STOP: ['container_event', 'stopped', 'device.container_event'],
}

/** `LIST_DEVICES` is the one code that says two things. */
const noDevices: Rule = ['disconnected', 'disconnected', 'session.disconnected']
const generic: Rule = ['container_event', null, 'device.container_event']

/**
 * Reads a report: `{code, message, …}` of a container manager, or `{code, message, result}` of the gateway's
 * websocket. Undefined for what has no code. A report of the container may name its status itself.
 */
export function readDeviceReport(report: unknown): DeviceReading | undefined {
  const given = fields(report)
  const code = text(given?.['code'])
  if (!given || code === null) return undefined
  const known = Object.hasOwn(rules, code) ? rules[code] : undefined
  const none = code === 'LIST_DEVICES' && devicesOf(given).length === 0
  const [type, ruled, eventType] = none ? noDevices : (known ?? generic)
  const status = ruled ?? deviceStatuses.find((one) => one === given['status']) ?? null
  return { type, code: known ? code : 'GENERIC', status, eventType }
}

/**
 * The devices that a `LIST_DEVICES` lists: `devices`, or `result` of the websocket, where Go writes an empty
 * list as null.
 */
export function devicesOf(report: unknown): unknown[] {
  const given = fields(report)
  return list(given?.['devices'] ?? given?.['result'])
}
