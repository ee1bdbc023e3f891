/** The five events about a device, and which canonical events they are. */
import { eventNames } from '../contract/catalogue.ts'
import type { DeviceEventType } from '../../whatsapp/device/device-status.ts'
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

const names: { readonly [Type in EventType]?: DeviceEventType } = {
  'session.paired': 'login_success',
  'session.connected': 'connected',
  'session.disconnected': 'disconnected',
  'session.logged_out': 'disconnected',
  'session.replaced': 'disconnected',
  'session.stream_error': 'disconnected',
  'session.pair_failed': 'auth_failed',
  'session.connect_failed': 'auth_failed',
  'session.banned': 'auth_failed',
  'session.outdated': 'auth_failed',
  'session.passkey_failed': 'auth_failed',
  'session.created': 'container_event',
  'session.deleted': 'container_event',
  'session.removed': 'container_event',
  'session.connecting': 'container_event',
  'session.qr_updated': 'container_event',
  'session.qr_timeout': 'container_event',
  'session.qr_rejected': 'container_event',
  'session.passkey_requested': 'container_event',
  'session.passkey_confirmation': 'container_event',
  'session.reconnect_required': 'container_event',
  'session.keepalive_timeout': 'container_event',
  'session.keepalive_restored': 'container_event',
  'session.restricted': 'container_event',
  'session.status': 'container_event',
  'gateway.started': 'container_event',
  'device.container_event': 'container_event',
}

/**
 * One of the five, the name of what no canonical form covers, or the type itself: a message is no event of the
 * container.
 */
export const eventName = eventNames(names)
