/**
 * go-whatsapp-web-multidevice. Versions 8 and 9: `{event, device_id, session_id?, timestamp?, payload}`.
 * Version 7: messages are flat and have no event at all; receipts and groups have `event` and `payload`
 * already. Always signed, with `secret` unless told otherwise.
 */
import { personOf } from '../../whatsapp/identity/jid.ts'
import { fields, type Fields, text, entry } from '../../core/json-values.ts'
import { fallback, mapped } from '../gateway/origin.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { verifyHmac } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'
import { gowaHandlers } from './events.ts'
import { flatEvent, flatName } from './flat.ts'

export const gowa: GatewaySource = {
  name: 'gowa',
  verify: async (request, secret) => verifyHmac(request, 'x-hub-signature-256', secret),
  parse,
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  if (!body) return notUnderstood(request, 'the body is no JSON object')
  const event = text(body['event'])
  const payload = fields(body['payload'])
  if (event !== null && payload) return understood(enveloped(request, event, body, payload))
  const name = flatName(body)
  if (name === null) return notUnderstood(request, 'the body has neither an event nor a message')
  const session = sessionOf(request, 'gowa', body['device_id'])
  return understood(flatEvent(originOf(request, 'gowa', session, name), body))
}

function enveloped(request: GatewayRequest, event: string, body: Fields, payload: Fields) {
  // The slot's id names a device for good; `device_id` is its JID, and changes when another phone is paired.
  const session = sessionOf(request, 'gowa', body['session_id'], body['device_id'])
  const [me, sentAt] = [personOf(body['device_id']), body['timestamp']]
  const origin = { ...originOf(request, 'gowa', session, event), me, sentAt }
  const handler = entry(gowaHandlers, event)
  return handler
    ? handler(origin, payload)
    : mapped(fallback(origin, payload, sentAt ?? payload['timestamp']))
}
