/** UAZAPI's `connection`: `{instance: {name, status, qrcode?, paircode?, lastDisconnectReason?}, type?}`. */
import { fields, type Fields, firstText, text } from '../../core/json-values.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { fallback, make, mapped, type Origin, without } from '../gateway/origin.ts'

export function connection(origin: Origin, body: Fields): Mapped {
  const { token: _secret, ...instance } = fields(body['instance']) ?? {}
  const raw = { ...without(body, 'instance'), instance }
  switch (text(instance['status'])) {
    case 'connected':
      return mapped(make(origin, 'session.connected', raw, undefined, { me: origin.me }))
    case 'connecting':
      return mapped(connecting(origin, raw, instance))
    case 'disconnected':
      return mapped(disconnected(origin, raw, instance, text(body['type'])))
    default:
      return mapped(fallback(origin, raw))
  }
}

function connecting(origin: Origin, raw: Fields, instance: Fields) {
  const [image, pairingCode] = [text(instance['qrcode']), text(instance['paircode'])]
  if (image === null && pairingCode === null)
    return make(origin, 'session.connecting', raw, undefined, { reason: null })
  const qr = { code: null, image, pairingCode, upcoming: [], expiresAt: null }
  return make(origin, 'session.qr_updated', raw, undefined, { qr })
}

/** `401: logged out from another device`. */
function disconnected(origin: Origin, raw: Fields, instance: Fields, type: string | null) {
  const given = firstText(instance['lastDisconnectReason']) ?? 'disconnected'
  const [, number, words] = /^(\d+):\s*(.*)$/.exec(given) ?? []
  const loggedOut = type === 'LoggedOut' || number === '401'
  const loss = {
    reason: words ?? given,
    code: number === undefined ? null : Number(number),
    final: loggedOut,
  }
  const at = instance['lastDisconnect']
  return make(origin, loggedOut ? 'session.logged_out' : 'session.disconnected', raw, at, loss)
}
