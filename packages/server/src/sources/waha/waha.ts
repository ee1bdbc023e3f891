/**
 * WAHA: `{id: "evt_…", timestamp (ms), event, session, metadata, me, payload, engine, environment}`. Its event
 * ids are real: they are the same on every retry. Signed with HMAC-SHA512 of the raw body where a key is set.
 */
import { personOf } from '../../whatsapp/identity/jid.ts'
import { entry, fields, type Fields, text } from '../../core/json-values.ts'
import { passOn } from '../gateway/mapping.ts'
import type { Origin } from '../gateway/origin.ts'
import { enveloped } from '../gateway/request.ts'
import { verifyHmac } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Mapped, Verdict } from '../gateway/gateway.ts'
import { wahaHandlers } from './events.ts'

export const waha: GatewaySource = {
  name: 'waha',
  verify,
  parse: enveloped('waha', 'event', ['session'], eventsOf),
}

async function verify(request: GatewayRequest, secret: string): Promise<Verdict> {
  const algorithm = request.headers['x-webhook-hmac-algorithm']
  // Only what is published may be asked for: the header is the sender's, and so could name something weak.
  if (algorithm !== undefined && algorithm.toLowerCase() !== 'sha512') return 'bad'
  return verifyHmac(request, 'x-webhook-hmac', secret, 'sha512')
}

function eventsOf(origin: Origin, body: Fields): Mapped {
  const account = fields(body['me'])
  const known = {
    ...origin,
    id: text(body['id']),
    sentAt: body['timestamp'],
    me: account ? personOf(account['id'], account['lid'], text(account['pushName'])) : null,
  }
  const payload = fields(body['payload'])
  const handler = payload ? (entry(wahaHandlers, origin.name) ?? passOn) : passOn
  return handler(known, body['payload'] ?? null)
}
