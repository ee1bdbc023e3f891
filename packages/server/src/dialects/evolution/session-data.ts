/** `data` of instances and their connection. */
import { everyLoss } from '../contract/losses.ts'
import type { ByType } from '../../whatsapp/whatsapp.ts'
import { qrPng } from '../qr-image.ts'
import { type Around, given, jid } from './wire.ts'

/** Baileys' numbers for what other gateways number otherwise, or not at all. */
const reasons: Readonly<Record<string, number>> = {
  'session.logged_out': 401,
  'session.banned': 402,
  'session.outdated': 405,
  'session.replaced': 440,
  'session.connect_failed': 503,
  'session.stream_error': 515,
}

function closed({ type, code }: { type: string; code: number | null }) {
  const known = code !== null && code >= 400 && code < 600 ? code : reasons[type]
  return ({ instance }: Around): object => ({
    instance,
    state: 'close',
    statusReason: known ?? 428,
  })
}

function named() {
  return ({ instance, instanceId }: Around): object => ({ instanceName: instance, instanceId })
}

function dataUrl(code: string | null): string | null {
  const image = code === null ? null : qrPng(code)
  return image === null ? null : `data:image/png;base64,${image}`
}

export const sessionData: ByType<(around: Around) => unknown> = {
  'gateway.started': () => () => null,
  'session.created': named,
  'session.deleted': named,
  'session.removed': () => () => null,
  'session.status':
    (event) =>
    ({ instance }) => ({
      instance,
      status: event.status,
      ...given('disconnectionReasonCode', event.code),
      ...given('reason', event.reason),
    }),
  'session.qr_updated':
    ({ qr }) =>
    ({ instance }) => ({
      qrcode: {
        instance,
        pairingCode: qr.pairingCode,
        code: qr.code,
        base64: qr.image ?? dataUrl(qr.code),
      },
    }),
  // Evolution's own words and number for it.
  'session.qr_timeout': () => () => ({
    message: 'QR code limit reached, please login again',
    statusCode: 500,
  }),
  'session.connecting':
    () =>
    ({ instance }) => ({ instance, state: 'connecting', statusReason: 200 }),
  'session.connected':
    ({ me }) =>
    ({ instance }) => ({
      instance,
      ...given('wuid', jid(me)),
      ...given('profileName', me?.name),
      profilePictureUrl: me?.imageUrl ?? null,
      state: 'open',
      statusReason: 200,
    }),
  ...everyLoss(closed),
}
