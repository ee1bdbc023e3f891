/**
 * UAZAPI's `messages`: WhatsApp's own message as whatsmeow spells it in `message.content`, its key in
 * `message.messageType`, and beside it what UAZAPI made of it (`text`, `edited`, `reaction`, `vote`).
 */
import { fields, type Fields, firstText, text } from '../../core/json-values.ts'
import { chatOf, counterpart, personOf } from '../../whatsapp/identity/jid.ts'
import { emptyContent, type Reading, readMessage } from '../../whatsapp/message/content.ts'
import { respell, respellKey } from '../../whatsapp/wire/spelling.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { readingEvents } from '../gateway/message-events.ts'
import { fallback, make, mapped, type Origin } from '../gateway/origin.ts'

export function message(origin: Origin, body: Fields): Mapped {
  const told = fields(body['message']) ?? {}
  const chat = chatOfBody(told, fields(body['chat']) ?? {})
  const messageId = text(told['messageid'])
  const at = told['messageTimestamp']
  if (!chat || messageId === null) return mapped(fallback(origin, body, at))
  const fromMe = told['fromMe'] === true
  const sender = fromMe ? (origin.me ?? senderOf(told)) : senderOf(told)
  const sentBy = !fromMe ? null : told['wasSentByApi'] === true ? 'api' : 'device'
  const envelope = {
    origin,
    raw: body,
    chat,
    sender,
    fromMe,
    messageId,
    at,
    sentBy,
    stored: { url: text(told['fileURL']) },
  } as const
  const reading = readingOf(told)
  const edited = text(told['edited'])
  if (reading.kind !== 'content' || edited === null) return readingEvents(envelope, reading)
  const about = { chat, sender, messageId: edited, fromMe, carrierId: messageId, byMe: fromMe }
  const { content } = reading
  return mapped(make(origin, 'message.edited', body, at, { ...about, content }))
}

function chatOfBody(told: Fields, chat: Fields) {
  const id = told['chatid'] ?? chat['wa_chatid']
  const alt = counterpart(id, told['chatlid'], chat['wa_chatlid'])
  const name = firstText(chat['wa_contactName'], chat['wa_name'], chat['name'])
  return chatOf(id, alt, name, firstText(chat['imagePreview'], chat['image']))
}

function senderOf(told: Fields) {
  const id = firstText(told['sender_pn'], told['sender'])
  const alt = counterpart(id, told['sender_lid'], told['sender'])
  return personOf(id, alt, text(told['senderName']))
}

/** WhatsApp's message; where it is none, what UAZAPI says of it. A vote comes decrypted beside the encrypted one. */
function readingOf(told: Fields): Reading {
  const type = text(told['messageType'])
  const reading = readMessage(respell(type && { [respellKey(type)]: told['content'] ?? {} }))
  if (reading.kind === 'poll_vote') {
    const vote = text(told['vote'])
    return { ...reading, options: vote === null ? null : [vote] }
  }
  const words = text(told['text'])
  if (reading.kind === 'content') reading.content.text ??= words
  if (reading.kind !== 'empty' || words === null) return reading
  return { kind: 'content', content: { ...emptyContent('text', type), text: words } }
}
