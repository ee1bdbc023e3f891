/**
 * Evolution API v2: Baileys' data in `{event, instance, data, destination, date_time, sender, server_url,
 * apikey}`, the event in the body and, with `byEvents`, in the path. `apikey` (and `api_key` of its error
 * webhook, which is the global key) is dropped. A custom header `jwt_key` makes it send `Authorization: Bearer
 * <JWT>`, the only proof it can give; its global webhook sends none.
 */
import { personOf } from '../../whatsapp/identity/jid.ts'
import { fields, text } from '../../core/json-values.ts'
import { fallback, mapped, without, withRaw } from '../gateway/origin.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { bearer, verifyJwt } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Parsed, Verdict } from '../gateway/gateway.ts'
import { evolutionEvents, wireName } from './events.ts'

export const evolution: GatewaySource = { name: 'evolution', verify, parse }

async function verify(request: GatewayRequest, secret: string): Promise<Verdict> {
  const token = bearer(request)
  return token === undefined
    ? 'absent'
    : verifyJwt(token, secret, request.receivedAtMs, { app: 'evolution', action: 'webhook' })
}

function withoutKeys(event: unknown): unknown {
  return fields(event) ? without(event, 'apikey', 'api_key') : event
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  const given = text(body?.['event']) ?? request.event
  if (!body || given === null) return notUnderstood(request, 'the body has no event')
  const name = wireName(given)
  const session = sessionOf(request, 'evolution', body['instance'])
  const origin = originOf(request, 'evolution', session, name)
  // A retry repeats the body, `date_time` with its milliseconds included. It is no time to show: it is local
  // time marked as UTC.
  const known = {
    ...origin,
    id: 'date_time' in body || 'timestamp' in body ? origin.hash : null,
    me: personOf(body['sender']),
  }
  const result =
    name === 'error'
      ? mapped(fallback(known, body['data']))
      : evolutionEvents(known, body['data'], fields(body)!)
  return understood(withRaw(result, withoutKeys))
}
