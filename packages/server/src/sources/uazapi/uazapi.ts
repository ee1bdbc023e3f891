/**
 * UAZAPI: `{EventType, instanceName, owner, token, …}`. A message is `message` beside its `chat`; receipts, groups,
 * presence and calls are whatsmeow's structs in `event`, named by `type`. Nothing is signed: the instance's `token` in
 * the body is what proves the sender.
 *
 * Shapes from the recorded events of the public repository uazapi-webhook-events-examples and from UAZAPI's own
 * OpenAPI description. An event without a rule is passed on as it came.
 */
import { entry, fields, type Fields, text } from '../../core/json-values.ts'
import { chatOf, counterpart, jidOfUser, personOf } from '../../whatsapp/identity/jid.ts'
import { whatsmeowEvents } from '../client-libraries/whatsmeow/events.ts'
import { whatsmeowReceipt } from '../client-libraries/whatsmeow/message.ts'
import type { GatewaySource, Mapped } from '../gateway/gateway.ts'
import { fallback, mapped, type Origin, withRaw } from '../gateway/origin.ts'
import { enveloped, jsonObject, withoutTokens } from '../gateway/request.ts'
import { verifySecret } from '../gateway/signature.ts'
import { connection } from './connection.ts'
import { message } from './message.ts'

export const uazapi: GatewaySource = {
  name: 'uazapi',
  absent: "the body has no token of the instance's",
  verify: async (request, secret) =>
    verifySecret(text(jsonObject(request.rawBody)?.['token']), secret),
  parse: enveloped('uazapi', 'EventType', ['instanceName', 'owner'], eventsOf),
}

type Handler = (origin: Origin, body: Fields) => Mapped

const handlers: Readonly<Record<string, Handler>> = {
  messages: message,
  connection,
  messages_update: receipt,
  groups: (origin, body) => struct(origin, body, body['type'] === 'Group' ? 'GroupInfo' : null),
  presence: (origin, body) => struct(origin, body, null),
  call: (origin, body) => struct(origin, body, null),
}

function eventsOf(origin: Origin, body: Fields): Mapped {
  const known = { ...origin, me: personOf(jidOfUser(body['owner'])) }
  const told = withoutTokens(body) as Fields
  const handler = entry(handlers, origin.name)
  return handler ? handler(known, told) : mapped(fallback(known, told))
}

/** whatsmeow's struct in `event`; what is none is passed on. */
function struct(origin: Origin, body: Fields, name: string | null): Mapped {
  const data = fields(body['event'])
  const type = name ?? text(body['type'])
  if (!data || type === null) return mapped(fallback(origin, body))
  return whatsmeowEvents({ ...origin, name: type }, data)
}

/** whatsmeow's words for UAZAPI's. What is not here (a file that was fetched) says nothing about delivery. */
const receiptTypes: Readonly<Record<string, string>> = {
  Sent: 'sender',
  Delivered: '',
  Read: 'read',
  Played: 'played',
  Failed: 'server-error',
}

/** Booleans come as the texts "True" and "False" too. */
function receipt(origin: Origin, body: Fields): Mapped {
  const data = fields(body['event']) ?? {}
  const type = entry(receiptTypes, text(data['Type']) ?? body['state'])
  const [chat, sender] = [data['Chat'] ?? data['chatid'], data['sender_pn'] ?? data['Sender']]
  if (type === undefined || !Array.isArray(data['MessageIDs']))
    return mapped(fallback(origin, body, data['Timestamp'], { chat: chatOf(chat) }))
  const told = {
    Chat: chat,
    Sender: sender,
    SenderAlt: counterpart(sender, data['sender_lid'], data['Sender']),
    MessageIDs: data['MessageIDs'],
    Timestamp: data['Timestamp'],
    Type: type,
  }
  return withRaw(whatsmeowReceipt(origin, told), () => body)
}
