/**
 * A Go program that marshals whatsmeow's event structs: `{type, event}` (also `{event, data}`), the type in
 * CamelCase or snake_case, or the struct alone at a URL that ends in its type. Beside them `session` and `id`
 * (unique, for deduplication).
 */
import { fields, text } from '../../core/json-values.ts'
import { word } from '../../whatsapp/wire/json-shapes.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { verifyHmac } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'
import { whatsmeowEvents } from '../client-libraries/whatsmeow/events.ts'

export const whatsmeow: GatewaySource = {
  name: 'whatsmeow',
  async verify(request, secret) {
    const verdict = verifyHmac(request, 'x-webhook-signature', secret)
    return verdict === 'absent' ? verifyHmac(request, 'x-hub-signature-256', secret) : verdict
  },
  parse,
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  if (!body) return notUnderstood(request, 'the body is no JSON object')
  const [name, data] = request.event === null ? named(body) : [request.event, body]
  if (name === null) return notUnderstood(request, 'the body has no event type')
  const session = sessionOf(
    request,
    'whatsmeow',
    body['session'],
    body['session_id'],
    body['sessionId'],
  )
  const id = request.event === null ? word(body['id']) : null
  return understood(whatsmeowEvents({ ...originOf(request, 'whatsmeow', session, name), id }, data))
}

function named(body: Record<string, unknown>): [string | null, unknown] {
  if (typeof body['event'] === 'string') return [text(body['event']), body['data']]
  return [text(body['type']), fields(body['event']) ?? body['data']]
}
