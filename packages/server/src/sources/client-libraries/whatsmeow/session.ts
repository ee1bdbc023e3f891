/** whatsmeow's connection and pairing structs → session events. */
import { personOf } from '../../../whatsapp/identity/jid.ts'
import { type Fields, firstText, list, text } from '../../../core/json-values.ts'
import { toIso, toNumber, word } from '../../../whatsapp/wire/json-shapes.ts'
import { make, mapped, type Origin } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

type Handler = (origin: Origin, event: Fields) => Mapped

type Loss =
  | 'session.disconnected'
  | 'session.logged_out'
  | 'session.replaced'
  | 'session.connect_failed'
  | 'session.outdated'
  | 'session.stream_error'

function loss(type: Loss, reason: string, final: boolean): Handler {
  return (origin, event) => {
    const code = toNumber(event['Reason']) ?? toNumber(event['Code'])
    const said = firstText(event['Message'])
    return mapped(
      make(origin, type, event, undefined, {
        reason: said ?? (code === null ? reason : `${reason} (${code})`),
        code,
        final,
      }),
    )
  }
}

const bans: Record<number, string> = {
  101: 'too many people',
  102: 'blocked by users',
  103: 'too many groups',
  104: 'the same message too often',
  106: 'too many broadcast lists',
}

/** `Expire` is a Go duration: nanoseconds. */
const banned: Handler = (origin, event) => {
  const code = toNumber(event['Code'])
  const expireNs = toNumber(event['Expire'])
  const until = expireNs ? toIso(origin.receivedAtMs + expireNs / 1e6) : null
  const why = code === null ? undefined : bans[code]
  return mapped(
    make(origin, 'session.banned', event, undefined, {
      reason: why ? `temporary ban: ${why}` : 'temporary ban',
      code,
      final: true,
      ...(until ? { until } : {}),
    }),
  )
}

/** The first code is valid for a minute, each that follows for 20 s: one event, since only one is to be shown at a time. */
const qr: Handler = (origin, event) => {
  const [code = null, ...upcoming] = list(event['Codes']).filter(
    (one): one is string => typeof one === 'string',
  )
  const expiresAt = code === null ? null : new Date(origin.receivedAtMs + 60_000).toISOString()
  return mapped(
    make(origin, 'session.qr_updated', event, undefined, {
      qr: { code, image: null, pairingCode: null, upcoming, expiresAt },
    }),
  )
}

function failure(type: 'session.pair_failed', reason: string): Handler {
  // Go marshals errors as {}: their text is lost unless the gateway put it there itself.
  return (origin, event) =>
    mapped(
      make(origin, type, event, undefined, { reason: text(event['Error']) ?? reason, code: null }),
    )
}

export const sessionHandlers: Readonly<Record<string, Handler>> = {
  QR: qr,
  QRTimeout: (origin, event) =>
    mapped(make(origin, 'session.qr_timeout', event, undefined, { reason: null })),
  QRScannedWithoutMultidevice: (origin, event) =>
    mapped(
      make(origin, 'session.qr_rejected', event, undefined, {
        reason: 'the phone does not support multi-device',
      }),
    ),
  PairSuccess: (origin, event) =>
    mapped(
      make(origin, 'session.paired', event, undefined, {
        me: personOf(event['ID'], event['LID'], text(event['BusinessName'])),
        platform: text(event['Platform']),
        businessName: text(event['BusinessName']),
      }),
    ),
  PairError: failure('session.pair_failed', 'pairing failed'),
  PairPasskeyRequest: (origin, event) =>
    mapped(make(origin, 'session.passkey_requested', event, undefined, {})),
  PairPasskeyConfirmation: (origin, event) =>
    mapped(
      make(origin, 'session.passkey_confirmation', event, undefined, { code: word(event['Code']) }),
    ),
  PairPasskeyError: (origin, event) =>
    mapped(
      make(origin, 'session.passkey_failed', event, undefined, {
        reason: text(event['Error']) ?? 'the passkey could not be used',
      }),
    ),
  Connected: (origin, event) =>
    mapped(make(origin, 'session.connected', event, undefined, { me: origin.me })),
  Disconnected: loss('session.disconnected', 'connection closed', false),
  LoggedOut: loss('session.logged_out', 'logged out', true),
  StreamReplaced: loss('session.replaced', 'connected from elsewhere', true),
  ManualLoginReconnect: (origin, event) =>
    mapped(make(origin, 'session.reconnect_required', event, undefined, {})),
  TemporaryBan: banned,
  ConnectFailure: loss('session.connect_failed', 'connection refused', true),
  ClientOutdated: loss('session.outdated', 'client outdated', true),
  StreamError: loss('session.stream_error', 'stream error', false),
  KeepAliveTimeout: (origin, event) =>
    mapped(
      make(origin, 'session.keepalive_timeout', event, undefined, {
        errors: toNumber(event['ErrorCount']),
        lastSuccessAt: toIso(event['LastSuccess']),
      }),
    ),
  KeepAliveRestored: (origin, event) =>
    mapped(make(origin, 'session.keepalive_restored', event, undefined, {})),
  NotifyAccountReachoutTimelock: (origin, event) => {
    return mapped(
      make(origin, 'session.restricted', event, undefined, {
        active: event['IsActive'] === true,
        until: toIso(event['TimeEnforcementEnds']),
        kind: word(event['EnforcementType']),
      }),
    )
  },
}
