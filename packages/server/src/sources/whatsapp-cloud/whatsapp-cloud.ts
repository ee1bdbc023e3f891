/**
 * WhatsApp's own Cloud API: `{object: "whatsapp_business_account", entry: [{id, changes: [{field, value}]}]}`, several
 * changes and several messages in one request. Signed with HMAC-SHA256 of the raw body by the app's secret. Before the
 * first, Meta asks by GET whether the address is ours (`hub.challenge`).
 *
 * Shapes from Meta's public documentation of the webhook fields `messages`, `smb_message_echoes` and `calls`, and of
 * business-scoped user ids. A field without a rule is passed on as it came.
 */
import { entry, fields, type Fields, list, text } from '../../core/json-values.ts'
import { personOf } from '../../whatsapp/identity/jid.ts'
import type { GatewayRequest, GatewaySource, Mapped, Parsed } from '../gateway/gateway.ts'
import { fallback, joined, mapped, type Origin } from '../gateway/origin.ts'
import { jsonObject, notUnderstood, originOf, sessionOf, understood } from '../gateway/request.ts'
import { verifyHmac } from '../gateway/signature.ts'
import { calls } from './calls.ts'
import { echoes, messages } from './messages.ts'
import { phoneJid } from './people.ts'
import { statuses } from './statuses.ts'

export const whatsAppCloud: GatewaySource = {
  name: 'whatsapp-cloud',
  dedupeSeconds: 7 * 86_400, // Meta tries again for up to seven days.
  absent: 'the header x-hub-signature-256 is missing',
  verify: async (request, secret) => verifyHmac(request, 'x-hub-signature-256', secret),
  parse,
  challenge: async ({ query }, token) =>
    query['hub.mode'] === 'subscribe' && query['hub.verify_token'] === token
      ? { status: 200, type: 'text/plain', body: query['hub.challenge'] ?? '' }
      : undefined,
}

type Field = (origin: Origin, value: Fields) => Mapped

/** By the change's field; of one value all that it holds. */
const handlers: Readonly<Record<string, Field>> = {
  messages: (origin, value) => joined([...messages(origin, value), ...statuses(origin, value)]),
  smb_message_echoes: (origin, value) => joined(echoes(origin, value)),
  calls: (origin, value) => joined(calls(origin, value)),
}

async function parse(request: GatewayRequest): Promise<Parsed> {
  const body = jsonObject(request.rawBody)
  if (body?.['object'] !== 'whatsapp_business_account')
    return notUnderstood(request, 'its object is not "whatsapp_business_account"')
  const changes = list(body['entry']).flatMap((one) => {
    const { id, time, changes: inside } = fields(one) ?? {}
    return list(inside).map((change) => ({ account: text(id), time, change: fields(change) }))
  })
  return understood(
    ...changes.map(({ account, time, change }) => mapChange(request, account, time, change ?? {})),
  )
}

function mapChange(
  request: GatewayRequest,
  account: string | null,
  time: unknown,
  change: Fields,
): Mapped {
  const field = text(change['field']) ?? 'unknown'
  const value = fields(change['value']) ?? {}
  const metadata = fields(value['metadata'])
  // One address serves all numbers of an account: each is a session, by the id that stays when the number changes.
  const session = sessionOf(request, 'whatsapp-cloud', metadata?.['phone_number_id'], account)
  const origin: Origin = {
    ...originOf(request, 'whatsapp-cloud', session, field, JSON.stringify(change)),
    me: personOf(phoneJid(metadata?.['display_phone_number'])),
    sentAt: time,
  }
  const handler = entry(handlers, field)
  const found = handler?.(origin, value)
  // Meta adds what it likes to a field; what holds nothing known is passed on whole.
  return found && found.events.length > 0 ? found : mapped(fallback(origin, change['value']))
}
