/** `ReceivedCallback`: what was said, edited, reacted to, voted; and the notices that WhatsApp shows in a chat. */
import { fields, type Fields, firstText, list, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { type Envelope, readingEvents, undecryptable } from '../gateway/message-events.ts'
import { fallback, make, mapped, type Origin } from '../gateway/origin.ts'
import { contentOf } from './content.ts'
import { notice } from './notices.ts'
import { chatJid, phoneJid } from './people.ts'

export function received(given: Origin, body: Fields): Mapped {
  const messageId = text(body['messageId'])
  const chat = chatOfBody(body)
  const at = body['momment']
  if (!chat || messageId === null) return mapped(fallback(given, body, at))
  const fromMe = body['fromMe'] === true
  const sender = fromMe ? given.me : senderOf(body, chat.id)
  const sentBy = !fromMe ? null : body['fromApi'] === true ? 'api' : 'device'
  const envelope = {
    origin: given,
    raw: body,
    chat,
    sender,
    fromMe,
    messageId,
    at,
    sentBy,
  } as const
  return (
    about(envelope, body) ??
    notice(envelope, body) ??
    said(envelope, body) ??
    mapped(fallback(given, body, at, { chat, sender, fromMe }))
  )
}

function chatOfBody(body: Fields) {
  const group = body['isGroup'] === true
  const fromMe = body['fromMe'] === true
  const alt = body['chatLid'] ?? (fromMe ? undefined : body['senderLid'])
  return chatOf(
    chatJid(body['phone'], group),
    group ? undefined : alt,
    text(body['chatName']),
    text(body['photo']),
  )
}

function senderOf(body: Fields, chatId: string) {
  const member = phoneJid(body['participantPhone'])
  const [id, alt] = member ? [member, body['participantLid']] : [chatId, body['senderLid']]
  const isPerson = member !== null || !/@(g\.us|newsletter|broadcast)$/.test(id)
  const name = text(body['senderName'])
  return isPerson ? personOf(id, alt, name, text(body['senderPhoto'])) : null
}

/** Events about another message, which this one carries. */
function about(envelope: Envelope, body: Fields): Mapped | undefined {
  const { origin, chat, sender, fromMe, messageId, at } = envelope
  const carried = { chat, sender, carrierId: messageId, byMe: fromMe }
  const reaction = fields(body['reaction'])
  const target = fields(reaction?.['referencedMessage'])
  const reactedTo = text(target?.['messageId'])
  if (reaction && reactedTo !== null) {
    const emoji = text(reaction['value']) ?? ''
    const own = target?.['fromMe'] === true
    const told = { ...carried, messageId: reactedTo, fromMe: own, emoji, removed: emoji === '' }
    return mapped(make(origin, 'message.reaction', body, reaction['time'] ?? at, told))
  }
  const vote = fields(body['pollVote'])
  const poll = text(vote?.['pollMessageId'])
  if (vote && poll !== null) {
    const options = list(vote['options']).flatMap((one) => text(fields(one)?.['name']) ?? [])
    // Whose poll it is, is not told: a customer mostly votes on the account's own.
    const told = { ...carried, messageId: poll, fromMe: !fromMe, options }
    return mapped(make(origin, 'message.poll_vote', body, at, told))
  }
  if (body['isEdit'] !== true) return undefined
  const content = contentOf(body)
  const edited = firstText(body['editMessageId'], body['messageId'])!
  // Where only the message itself is named, its id is not the edit's.
  const carrierId = edited === messageId ? null : messageId
  const told = { ...carried, messageId: edited, fromMe, carrierId }
  return content && mapped(make(origin, 'message.edited', body, at, { ...told, content }))
}

function said(envelope: Envelope, body: Fields): Mapped | undefined {
  const content = contentOf(body)
  if (content) return readingEvents(envelope, { kind: 'content', content })
  return body['waitingMessage'] === true
    ? undecryptable(envelope, 'waiting for this message')
    : undefined
}
