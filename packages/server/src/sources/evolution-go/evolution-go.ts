/**
 * Evolution Go: whatsmeow's structs in `{event, data, instanceToken, instanceId, instanceName}`. The instance's
 * token travels in every body; it is dropped, and being the only thing the gateway proves itself by, it is what
 * a secret is compared with.
 */
import { fields, type Fields, text } from '../../core/json-values.ts'
import { qrAt } from '../gateway/mapping.ts'
import type { Origin } from '../gateway/origin.ts'
import { enveloped, jsonObject } from '../gateway/request.ts'
import { verifySecret } from '../gateway/signature.ts'
import type { GatewaySource, Mapped } from '../gateway/gateway.ts'
import { structName, whatsmeowEvents } from '../client-libraries/whatsmeow/events.ts'
import { whatsmeowMessage, whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'

export const evolutionGo: GatewaySource = {
  name: 'evolution-go',
  verify: async (request, secret) =>
    verifySecret(text(jsonObject(request.rawBody)?.['instanceToken']), secret),
  parse: enveloped('evolution-go', 'event', ['instanceName', 'instanceId'], eventsOf),
}

const qr = qrAt('code', 'qrcode', 'pairingCode')

function eventsOf(origin: Origin, body: Fields): Mapped {
  const data = fields(body['data']) ?? {}
  if (origin.name === 'QRCode') return qr(origin, data)
  const name = structName(origin.name)
  if (name === 'Message')
    return whatsmeowMessage(origin, data, { sentBy: origin.name === 'SendMessage' ? 'api' : null })
  if (name === 'Receipt') return whatsmeowReceipt(origin, data, body['state'])
  return whatsmeowEvents(origin, data)
}
