/** A session's states: `status-find` says WPPConnect's words for them, `qrcode` and `phoneCode` how to pair. */
import { text } from '../../core/json-values.ts'
import { byWord, event, type Handlers, qrAt, textAt } from '../gateway/mapping.ts'

function down(type: 'session.disconnected' | 'session.logged_out', reason: string, final: boolean) {
  return event(type, { reason, code: null, final })
}

const states: Handlers = {
  inChat: event('session.connected', { me: null }),
  qrReadSuccess: event('session.paired', { me: null, platform: null, businessName: null }),
  qrReadError: event('session.qr_rejected', { reason: 'the code was not read' }),
  qrReadFail: event('session.qr_rejected', { reason: 'the code was not read' }),
  autocloseCalled: event('session.qr_timeout', { reason: 'nobody read the code in time' }),
  initBrowser: event('session.connecting', { reason: null }),
  disconnectedMobile: down('session.logged_out', 'logged out on the phone', true),
  desconnectedMobile: down('session.logged_out', 'logged out on the phone', true),
  deleteToken: down('session.logged_out', 'the token was deleted', true),
  browserClose: down('session.disconnected', 'the browser was closed', false),
  serverClose: down('session.disconnected', 'the server was closed', false),
  phoneNotConnected: down('session.disconnected', 'the phone is not connected', false),
}

export const sessionHandlers: Handlers = {
  'status-find': byWord(
    'status',
    states,
    event('session.status', {
      status: (body) => text(body['status']) ?? 'unknown',
      reason: null,
      code: null,
    }),
  ),
  qrcode: qrAt(
    'urlcode',
    (body) => {
      const given = text(body['qrcode'])
      return given === null || given.startsWith('data:') ? given : `data:image/png;base64,${given}`
    },
    [],
  ),
  phoneCode: qrAt([], [], 'phoneCode'),
  closesession: down('session.disconnected', 'closed', true),
  logoutsession: event('session.logged_out', {
    reason: (body, origin, read) => textAt('message')(body, origin, read) ?? 'logged out',
    code: null,
    final: true,
  }),
}
