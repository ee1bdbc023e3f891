import { createHash } from 'node:crypto'
import type { DeviceStatus } from '../../whatsapp/device/device-status.ts'
import type { EventType } from '../../whatsapp/whatsapp.ts'

const hashForm = /^[0-9a-f]{16}$/

/**
 * 16 hex digits: the first of the names that is one already (a device made by this API is named so), else of the
 * first name's SHA-256.
 */
export function deviceHashOf(...names: readonly string[]): string {
  const own = names.find((name) => hashForm.test(name))
  return (
    own ??
    createHash('sha256')
      .update(names[0] ?? '')
      .digest('hex')
      .slice(0, 16)
  )
}

const statuses: { readonly [Type in EventType]?: DeviceStatus } = {
  'session.paired': 'connected',
  'session.connected': 'connected',
  'session.disconnected': 'disconnected',
  'session.logged_out': 'disconnected',
  'session.replaced': 'disconnected',
  'session.stream_error': 'disconnected',
  'session.pair_failed': 'error',
  'session.connect_failed': 'error',
  'session.banned': 'error',
  'session.outdated': 'error',
  'session.passkey_failed': 'error',
  'session.deleted': 'stopped',
  'session.removed': 'stopped',
  // The process runs, WhatsApp is not there (yet).
  'session.created': 'running',
  'session.connecting': 'running',
  'session.qr_updated': 'running',
  'session.qr_timeout': 'running',
  'session.qr_rejected': 'running',
  'session.passkey_requested': 'running',
  'session.passkey_confirmation': 'running',
  'session.reconnect_required': 'running',
  'session.keepalive_timeout': 'running',
  'session.status': 'running',
  'gateway.started': 'running',
  'device.container_event': 'running',
}

/**
 * The device's status after an event. Whatever else it was, it came in through WhatsApp: container and WhatsApp
 * both work.
 */
export function statusAfter(type: string): DeviceStatus {
  return Object.hasOwn(statuses, type) ? statuses[type as EventType]! : 'active'
}
