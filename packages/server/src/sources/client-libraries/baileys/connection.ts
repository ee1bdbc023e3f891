/** Baileys' `connection.update` → session events. */
import { personOf } from '../../../whatsapp/identity/jid.ts'
import { fields, type Fields, firstText, text } from '../../../core/json-values.ts'
import { toIso, toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { make, mapped, type Origin, skipped } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

/** Statuses after which WhatsApp wants the session paired again (as whatsmeow tells them; Evolution ends its sessions on the same). */
const loggedOut = new Set([401, 403, 406])

/** Why a connection closed, by the number of its error. `restart`: 515, which follows pairing and is no loss. */
export function closed(
  origin: Origin,
  raw: unknown,
  code: number | null,
  reason: string,
  at?: unknown,
): WhatsAppEvent {
  const loss = { reason, code, final: false }
  if (code === 515)
    return make(origin, 'session.connecting', raw, at, { reason: 'restart required' })
  if (code === 408 && /QR refs/i.test(reason))
    return make(origin, 'session.qr_timeout', raw, at, { reason })
  if (code !== null && loggedOut.has(code))
    return make(origin, 'session.logged_out', raw, at, { ...loss, final: true })
  if (code === 402) return make(origin, 'session.banned', raw, at, { ...loss, final: true })
  if (code === 405) return make(origin, 'session.outdated', raw, at, { ...loss, final: true })
  if (code === 440) return make(origin, 'session.replaced', raw, at, { ...loss, final: true })
  if (code === 411) return make(origin, 'session.connect_failed', raw, at, { ...loss, final: true })
  return make(origin, 'session.disconnected', raw, at, loss)
}

/** One update may say several things; a QR code comes alone. */
export function connectionUpdate(origin: Origin, data: unknown): Mapped {
  const update = fields(data) ?? {}
  const events: WhatsAppEvent[] = []
  const qr = text(update['qr'])
  if (qr !== null) {
    events.push(
      make(origin, 'session.qr_updated', data, undefined, {
        qr: { code: qr, image: null, pairingCode: null, upcoming: [], expiresAt: null },
      }),
    )
  }
  if (update['isNewLogin'] === true) {
    events.push(
      make(origin, 'session.paired', data, undefined, {
        me: origin.me,
        platform: null,
        businessName: null,
      }),
    )
  }
  const { connection } = update
  if (connection === 'connecting')
    events.push(make(origin, 'session.connecting', data, undefined, { reason: null }))
  if (connection === 'open')
    events.push(
      make(origin, 'session.connected', data, undefined, { me: accountOf(update) ?? origin.me }),
    )
  if (connection === 'close') events.push(closeOf(origin, data, fields(update['lastDisconnect'])))
  const lock = fields(update['reachoutTimeLock'])
  if (lock) {
    const kind = firstText(lock['enforcementType'])
    events.push(
      make(origin, 'session.restricted', data, undefined, {
        active: lock['isActive'] === true,
        until: toIso(lock['timeEnforcementEnds']),
        kind,
      }),
    )
  }
  if (update['receivedPendingNotifications'] === true)
    events.push(make(origin, 'sync.offline_completed', data, undefined, { count: null }))
  return events.length > 0
    ? mapped(...events)
    : skipped(origin.name, 'an update of the connection that changes no state')
}

function accountOf(update: Fields) {
  const user = fields(update['user'])
  return user
    ? personOf(user['id'], user['lid'], firstText(user['name'], user['verifiedName']))
    : null
}

/** The error is a Boom: in process its message is a property, in JSON only `output.payload` has survived. */
function closeOf(origin: Origin, data: unknown, last: Fields | undefined): WhatsAppEvent {
  const error = fields(last?.['error'])
  const output = fields(error?.['output'])
  const payload = fields(output?.['payload'])
  const code =
    toNumber(output?.['statusCode']) ??
    toNumber(payload?.['statusCode']) ??
    toNumber(error?.['statusCode'])
  const reason =
    firstText(error?.['message'], payload?.['message'], payload?.['error']) ?? 'connection closed'
  return closed(origin, data, code, reason, last?.['date'])
}
