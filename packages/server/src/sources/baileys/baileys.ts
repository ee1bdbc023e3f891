/**
 * Baileys by HTTP: events of its event map as JSON, from a program of one's own. Any of
 * `{event, data}`, `{events: [{event, data}, …]}`, and the merged map that `ev.process` gives,
 * `{"messages.upsert": {…}, …}`; beside them `me` (`{id, lid?, name?}`, the session's account), `session`, `id`
 * (unique, for deduplication), and `at`, when the sender heard it. Longs and bytes may be in any of their JSON
 * shapes.
 */
import { personOf } from '../../whatsapp/identity/jid.ts'
import { fields, list, text } from '../../core/json-values.ts'
import { toMs } from '../../whatsapp/wire/json-shapes.ts'
import { baileysEvents, baileysHandlers } from '../client-libraries/baileys/events.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { verifyHmac } from '../gateway/signature.ts'
import type { GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'

interface Part {
  name: string
  data: unknown
  id: string | null
  at: unknown
}

export const baileys: GatewaySource = {
  name: 'baileys',
  verify: async (request, secret) => verifyHmac(request, 'x-hub-signature-256', secret),
  parse,
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  if (!body) return notUnderstood(request, 'the body is no JSON object')
  const parts = partsOf(body, request.event)
  if (parts.length === 0) return notUnderstood(request, 'the body names no event of Baileys')
  const session = sessionOf(request, 'baileys', body['session'], body['sessionId'])
  const account = fields(body['me'])
  const me = account
    ? personOf(account['id'], account['lid'] ?? account['phoneNumber'], text(account['name']))
    : personOf(body['me'])
  return understood(
    ...parts.map(({ name, data, id, at }, index) => {
      const heard = { ...request, receivedAtMs: heardAtMs(at, request.receivedAtMs) }
      const origin = originOf(heard, 'baileys', session, name)
      const hash = parts.length === 1 ? origin.hash : `${origin.hash}/${index}`
      return baileysEvents({ ...origin, hash, id, me }, data)
    }),
  )
}

/** What waited in the sender's buffer happened when it was heard, and not in the future, whatever its clock says. */
function heardAtMs(at: unknown, receivedAtMs: number): number {
  return Math.min(toMs(at) ?? receivedAtMs, receivedAtMs)
}

function partsOf(body: Record<string, unknown>, pathEvent: string | null): Part[] {
  const id = text(body['id'])
  const name = text(body['event']) ?? pathEvent
  const at = body['at']
  if (name !== null) return [{ name, data: body['data'] ?? null, id, at }]
  if (Array.isArray(body['events'])) {
    return list(body['events']).flatMap((item, index) => {
      const one = fields(item)
      const own = text(one?.['event'])
      return own === null
        ? []
        : [
            {
              name: own,
              data: one?.['data'] ?? null,
              id: text(one?.['id']) ?? (id === null ? null : `${id}/${index}`),
              at: one?.['at'] ?? at,
            },
          ]
    })
  }
  return Object.keys(body)
    .filter((key) => Object.hasOwn(baileysHandlers, key))
    .map((key) => ({ name: key, data: body[key], id: id === null ? null : `${id}/${key}`, at }))
}
