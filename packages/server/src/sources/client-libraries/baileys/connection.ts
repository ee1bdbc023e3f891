/** Baileys' `connection.update` → session events. */
import { personOf } from '../../../whatsapp/identity/jid.ts'
import { entry, fields, type Fields, firstText, text } from '../../../core/json-values.ts'
import { toIso, toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import type { EventFields } from '../../../whatsapp/event-fields.ts'
import type { EventType, WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { make, mapped, type Origin, skipped } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

/**
 * Losses that no reconnecting ends. After 401, 403, 406 WhatsApp wants the session paired again (as whatsmeow
 * tells; Evolution does so too).
 */
const finalLosses = {
  401: 'session.logged_out',
  402: 'session.banned',
  403: 'session.logged_out',
  405: 'session.outdated',
  406: 'session.logged_out',
  411: 'session.connect_failed',
  440: 'session.replaced',
} as const

/** Why a connection closed, by the number of its error. `restart`: 515, which follows pairing and is no loss. */
export function closed(
  origin: Origin,
  raw: unknown,
  code: number | null,
  reason: string,
  at?: unknown,
): WhatsAppEvent {
  if (code === 515)
    return make(origin, 'session.connecting', raw, at, { reason: 'restart required' })
  if (code === 408 && /QR refs/i.test(reason))
    return make(origin, 'session.qr_timeout', raw, at, { reason })
  const type = entry(finalLosses, String(code))
  const loss = { reason, code, final: type !== undefined }
  return make(origin, type ?? 'session.disconnected', raw, at, loss)
}

/** One update may say several things; a QR code comes alone. */
export function connectionUpdate(origin: Origin, data: unknown): Mapped {
  const update = fields(data) ?? {}
  const { connection } = update
  const events: WhatsAppEvent[] = []
  function add<Type extends EventType>(type: Type, more: EventFields[Type]): void {
    events.push(make(origin, type, data, undefined, more))
  }
  const code = text(update['qr'])
  if (code !== null)
    add('session.qr_updated', {
      qr: { code, image: null, pairingCode: null, upcoming: [], expiresAt: null },
    })
  if (update['isNewLogin'] === true)
    add('session.paired', { me: origin.me, platform: null, businessName: null })
  if (connection === 'connecting') add('session.connecting', { reason: null })
  if (connection === 'open') add('session.connected', { me: accountOf(update) ?? origin.me })
  if (connection === 'close') events.push(closeOf(origin, data, fields(update['lastDisconnect'])))
  const lock = fields(update['reachoutTimeLock'])
  if (lock)
    add('session.restricted', {
      active: lock['isActive'] === true,
      until: toIso(lock['timeEnforcementEnds']),
      kind: firstText(lock['enforcementType']),
    })
  if (update['receivedPendingNotifications'] === true)
    add('sync.offline_completed', { count: null })
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
