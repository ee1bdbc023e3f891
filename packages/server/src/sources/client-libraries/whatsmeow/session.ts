/** whatsmeow's connection and pairing structs → session events. */
import {
  event,
  flagAt,
  type Handlers,
  numberAt,
  optional,
  personAt,
  textAt,
  textsAt,
  timeAt,
  wordAt,
} from '../../gateway/mapping.ts'
import { toIso } from '../../../whatsapp/wire/json-shapes.ts'

type Loss =
  | 'session.disconnected'
  | 'session.logged_out'
  | 'session.replaced'
  | 'session.connect_failed'
  | 'session.outdated'
  | 'session.stream_error'

const code = numberAt('Reason', 'Code')

function loss(type: Loss, reason: string, final: boolean) {
  return event(type, {
    reason: (...given) => {
      const number = code(...given)
      return textAt('Message')(...given) ?? (number === null ? reason : `${reason} (${number})`)
    },
    code,
    final,
  })
}

const bans: Record<number, string> = {
  101: 'too many people',
  102: 'blocked by users',
  103: 'too many groups',
  104: 'the same message too often',
  106: 'too many broadcast lists',
}

/** Go marshals errors as {}: their text is lost unless the gateway put it there itself. */
const errorOr =
  (reason: string) =>
  (...given: Parameters<ReturnType<typeof textAt>>) =>
    textAt('Error')(...given) ?? reason

export const sessionHandlers = {
  // The first code is valid for a minute, each that follows for 20 s: one event, since only one is to be shown
  // at a time.
  QR: event('session.qr_updated', {
    qr: (data, origin, read) => {
      const [first = null, ...upcoming] = textsAt('Codes')(data, origin, read)
      const expiresAt = first === null ? null : new Date(origin.receivedAtMs + 60_000).toISOString()
      return { code: first, image: null, pairingCode: null, upcoming, expiresAt }
    },
  }),
  QRTimeout: event('session.qr_timeout', { reason: null }),
  QRScannedWithoutMultidevice: event('session.qr_rejected', {
    reason: 'the phone does not support multi-device',
  }),
  PairSuccess: event('session.paired', {
    me: personAt('ID', 'LID', 'BusinessName'),
    platform: textAt('Platform'),
    businessName: textAt('BusinessName'),
  }),
  PairError: event('session.pair_failed', { reason: errorOr('pairing failed'), code: null }),
  PairPasskeyRequest: event('session.passkey_requested', {}),
  PairPasskeyConfirmation: event('session.passkey_confirmation', { code: wordAt('Code') }),
  PairPasskeyError: event('session.passkey_failed', {
    reason: errorOr('the passkey could not be used'),
  }),
  Connected: event('session.connected', { me: (_, origin) => origin.me }),
  Disconnected: loss('session.disconnected', 'connection closed', false),
  LoggedOut: loss('session.logged_out', 'logged out', true),
  StreamReplaced: loss('session.replaced', 'connected from elsewhere', true),
  ManualLoginReconnect: event('session.reconnect_required', {}),
  TemporaryBan: event('session.banned', {
    reason: (...given) => {
      const why = bans[numberAt('Code')(...given) ?? 0]
      return why ? `temporary ban: ${why}` : 'temporary ban'
    },
    code: numberAt('Code'),
    final: true,
    // A Go duration: nanoseconds.
    until: optional((data, origin, read) => {
      const expireNs = numberAt('Expire')(data, origin, read)
      return expireNs ? toIso(origin.receivedAtMs + expireNs / 1e6) : null
    }),
  }),
  ConnectFailure: loss('session.connect_failed', 'connection refused', true),
  ClientOutdated: loss('session.outdated', 'client outdated', true),
  StreamError: loss('session.stream_error', 'stream error', false),
  KeepAliveTimeout: event('session.keepalive_timeout', {
    errors: numberAt('ErrorCount'),
    lastSuccessAt: timeAt('LastSuccess'),
  }),
  KeepAliveRestored: event('session.keepalive_restored', {}),
  NotifyAccountReachoutTimelock: event('session.restricted', {
    active: flagAt('IsActive'),
    until: timeAt('TimeEnforcementEnds'),
    kind: wordAt('EnforcementType'),
  }),
} satisfies Handlers
