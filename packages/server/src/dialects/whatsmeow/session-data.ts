/** `data` of connection, pairing, calls, synchronisation and settings. */
import type { LossEvent } from '../contract/losses.ts'
import type { ByType, CallType, EventOf } from '../../whatsapp/whatsapp.ts'
import { alt, given, goTime, goTimeOrNull, jid } from './wire.ts'

function loss(status: string): (event: LossEvent) => object {
  return ({ reason, code, final, until }) => ({
    status,
    reason,
    code,
    permanent: final,
    ...(until === undefined ? {} : { expires_at: goTime(until) }),
  })
}

function call(event: EventOf<CallType>): object {
  const { chat, sender, at, video, groupCall } = event
  return {
    call_id: event.callId,
    from: jid(sender),
    timestamp: goTime(at),
    group_jid: chat.kind === 'group' ? jid(chat) : '',
    media: video === null ? null : video ? 'video' : 'audio',
    type: groupCall ? 'group' : '',
    reason: event.reason,
    remote_platform: event.platform,
    ...alt('from_alt', sender),
  }
}

export const sessionData: ByType<object> = {
  'session.connected': ({ me }) => ({
    status: 'connected',
    ...(me ? { jid: jid(me), ...alt('jid_alt', me) } : {}),
  }),
  'session.disconnected': loss('disconnected'),
  'session.logged_out': loss('logged_out'),
  'session.replaced': loss('stream_replaced'),
  'session.banned': loss('temporary_ban'),
  'session.connect_failed': loss('connect_failure'),
  'session.outdated': loss('client_outdated'),
  'session.stream_error': loss('stream_error'),
  'session.reconnect_required': () => ({ status: 'manual_login_reconnect' }),
  'session.qr_updated': ({ qr }) => ({
    code: qr.code,
    codes: qr.code === null ? qr.upcoming : [qr.code, ...qr.upcoming],
    ...given('image', qr.image),
    ...given('pairing_code', qr.pairingCode),
    ...given('expires_at', goTimeOrNull(qr.expiresAt)),
  }),
  'session.qr_timeout': ({ reason }) => ({ reason }),
  'session.qr_rejected': ({ reason }) => ({ reason }),
  'session.paired': ({ me, businessName, platform }) => ({
    id: jid(me),
    ...alt('id_alt', me),
    business_name: businessName ?? '',
    platform: platform ?? '',
  }),
  'session.pair_failed': ({ reason, code }) => ({ error: reason, code }),
  'session.passkey_confirmation': ({ code }) => ({ code }),
  'session.passkey_failed': ({ reason }) => ({ error: reason }),
  'session.keepalive_timeout': ({ errors, lastSuccessAt }) => ({
    error_count: errors,
    last_success: goTimeOrNull(lastSuccessAt),
  }),
  'session.keepalive_restored': () => ({ status: 'keepalive_restored' }),
  'session.restricted': ({ active, until, kind }) => ({
    is_active: active,
    time_enforcement_ends: goTimeOrNull(until),
    enforcement_type: kind,
  }),
  'call.offered': call,
  'call.offer_notice': call,
  'call.preaccepted': call,
  'call.accepted': call,
  'call.rejected': call,
  'call.terminated': call,
  'call.timeout': (event) => ({ ...call(event), reason: event.reason ?? 'timeout' }),
  'call.transport': call,
  'call.relay_latency': call,
  'sync.offline_preview': ({ counts }) => counts,
  'sync.offline_completed': ({ count }) => ({ count }),
  'sync.app_state_completed': ({ name }) => ({ name }),
  'sync.app_state_failed': ({ name, reason }) => ({ name, error: reason }),
  'settings.privacy_updated': ({ settings, changed }) => ({ new_settings: settings, changed }),
  'settings.push_name_updated': ({ name, at }) => ({ name, timestamp: goTime(at) }),
  'settings.unarchive_chats_updated': ({ on, at }) => ({
    unarchive_chats: on,
    timestamp: goTime(at),
  }),
}
