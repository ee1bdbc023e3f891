/**
 * Evolution Go: whatsmeow's structs in `{event, data, instanceToken, instanceId, instanceName}`. The instance's
 * token travels in every body; it is dropped, and being the only thing the gateway proves itself by, it is what
 * a secret is compared with.
 */
import { fields, type Fields, text } from '../../core/json-values.ts'
import { qrAt } from '../gateway/mapping.ts'
import type { Origin } from '../gateway/origin.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { verifySecret } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Mapped, Parsed } from '../gateway/gateway.ts'
import { structName, whatsmeowEvents } from '../client-libraries/whatsmeow/events.ts'
import { whatsmeowMessage, whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'

export const evolutionGo: GatewaySource = {
  name: 'evolution-go',
  verify: async (request, secret) =>
    verifySecret(text(jsonObject(request.rawBody)?.['instanceToken']), secret),
  parse,
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  const name = text(body?.['event'])
  if (!body || name === null) return notUnderstood(request, 'the body has no event')
  const session = sessionOf(request, 'evolution-go', body['instanceName'], body['instanceId'])
  return understood(
    eventsOf(originOf(request, 'evolution-go', session, name), fields(body['data']) ?? {}, body),
  )
}

const qr = qrAt('code', 'qrcode', 'pairingCode')

function eventsOf(origin: Origin, data: Fields, body: Fields): Mapped {
  if (origin.name === 'QRCode') return qr(origin, data)
  const name = structName(origin.name)
  if (name === 'Message')
    return whatsmeowMessage(origin, data, { sentBy: origin.name === 'SendMessage' ? 'api' : null })
  if (name === 'Receipt') return whatsmeowReceipt(origin, data, body['state'])
  return whatsmeowEvents(origin, data)
}
