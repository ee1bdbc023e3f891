/** The five events about a device, which canonical events they are, and its status after each. */
import { eventNames } from '../contract/catalogue.ts'
import type { DeviceEventType, DeviceStatus } from '../../whatsapp/device/device-status.ts'
import type { EventType } from '../../whatsapp/whatsapp.ts'
import type { CatalogueEvent } from '../contract/dialect.ts'

const descriptions: Record<DeviceEventType, readonly [category: string, description: string]> = {
  login_success: [
    'authentication',
    'The device was authenticated, by QR code or by a session that existed',
  ],
  connected: ['connection', 'The device is connected and ready'],
  disconnected: ['connection', 'The device lost its connection or was logged out'],
  auth_failed: [
    'authentication',
    'Authentication failed: wrong credentials or a session that has ended',
  ],
  container_event: ['container', 'The container started, stopped, or reported something else'],
}

export const catalogue: readonly CatalogueEvent[] = Object.entries(descriptions).map(
  ([name, [category, description]]) => ({ name, category, description }),
)

const table: { readonly [Type in EventType]?: readonly [DeviceEventType, DeviceStatus] } = {
  'session.paired': ['login_success', 'connected'],
  'session.connected': ['connected', 'connected'],
  'session.disconnected': ['disconnected', 'disconnected'],
  'session.logged_out': ['disconnected', 'disconnected'],
  'session.replaced': ['disconnected', 'disconnected'],
  'session.stream_error': ['disconnected', 'disconnected'],
  'session.pair_failed': ['auth_failed', 'error'],
  'session.connect_failed': ['auth_failed', 'error'],
  'session.banned': ['auth_failed', 'error'],
  'session.outdated': ['auth_failed', 'error'],
  'session.passkey_failed': ['auth_failed', 'error'],
  'session.deleted': ['container_event', 'stopped'],
  'session.removed': ['container_event', 'stopped'],
  'session.keepalive_restored': ['container_event', 'active'],
  'session.restricted': ['container_event', 'active'],
  // The process runs, WhatsApp is not there (yet).
  'session.created': ['container_event', 'running'],
  'session.connecting': ['container_event', 'running'],
  'session.qr_updated': ['container_event', 'running'],
  'session.qr_timeout': ['container_event', 'running'],
  'session.qr_rejected': ['container_event', 'running'],
  'session.passkey_requested': ['container_event', 'running'],
  'session.passkey_confirmation': ['container_event', 'running'],
  'session.reconnect_required': ['container_event', 'running'],
  'session.keepalive_timeout': ['container_event', 'running'],
  'session.status': ['container_event', 'running'],
  'gateway.started': ['container_event', 'running'],
  'device.container_event': ['container_event', 'running'],
}

/**
 * One of the five, the name of what no canonical form covers, or the type itself: a message is no event of the
 * container.
 */
export const eventName = eventNames(
  Object.fromEntries(Object.entries(table).map(([type, [name]]) => [type, name])),
)

/**
 * The device's status after an event. Whatever else it was, it came in through WhatsApp: container and WhatsApp
 * both work.
 */
export function statusAfter(type: string): DeviceStatus {
  return Object.hasOwn(table, type) ? table[type as EventType]![1] : 'active'
}
