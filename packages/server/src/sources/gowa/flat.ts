/**
 * Version 7's flat messages: `{sender_id, chat_id, from, timestamp, pushname, message: {text, id, replied_id,
 * quoted_message}, …}`.
 */
import type { EventFields } from '../../whatsapp/event-fields.ts'
import type { EventType } from '../../whatsapp/whatsapp.ts'
import { chatOf, jidOfUser, personOf } from '../../whatsapp/identity/jid.ts'
import { fields, type Fields, firstText, text } from '../../core/json-values.ts'
import { readingEvents } from '../gateway/message-events.ts'
import { fallback, make, mapped, type Origin } from '../gateway/origin.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { gowaContent } from './content.ts'
import { reactedFromMe, revokedFromMe } from './events.ts'

/** The name that version 8 gave the same event; null for what is none. */
export function flatName(body: Fields): string | null {
  const action = text(body['action'])
  if (action === 'message_revoked') return 'message.revoked'
  if (action === 'message_edited') return 'message.edited'
  if (action === 'event.delete_for_me') return 'message.deleted'
  if (action !== null) return action
  if (fields(body['reaction']) && text(fields(body['reaction'])?.['id'])) return 'message.reaction'
  return text(fields(body['message'])?.['id']) ? 'message' : null
}

export function flatEvent(origin: Origin, body: Fields): Mapped {
  const message = fields(body['message'])
  const at = body['timestamp']
  // "user in group" names both; a chat of two is its user, with a device now and then.
  const [user = '', group] = (text(body['from']) ?? '').split(' in ')
  const chat = chatOf(group ?? jidOfUser(body['chat_id'])) ?? chatOf(user)
  if (!chat) return mapped(fallback(origin, body, at))
  const name = text(body['pushname'])
  const sender = personOf(jidOfUser(body['sender_id']) ?? user, undefined, name)
  // Nothing in the body says so; who writes in a chat of two and is not its other side is the account.
  const fromMe = chat.kind === 'person' && sender !== null && sender.id !== chat.id
  if (chat.kind === 'person' && !fromMe) chat.name = name
  const carrierId = text(message?.['id'])
  const about = { chat, sender, fromMe }
  const carried = { chat, sender, carrierId, byMe: fromMe }
  const content = () =>
    gowaContent(
      body,
      firstText(body['edited_text'], message?.['text']),
      text(message?.['replied_id']),
      text(message?.['quoted_message']),
    )
  function one<Type extends EventType>(type: Type, more: EventFields[Type]): Mapped {
    return mapped(make(origin, type, body, at, more))
  }

  const revoked = text(body['revoked_message_id'])
  if (origin.name === 'message.revoked' && revoked !== null) {
    const mine = revokedFromMe(about, body)
    return one('message.deleted', { ...carried, messageId: revoked, fromMe: mine })
  }
  // Before 7.5 the edited message's id was not told; then the edit's own has to do.
  const edited = text(body['original_message_id']) ?? carrierId
  if (origin.name === 'message.edited' && edited !== null)
    return one('message.edited', { ...carried, messageId: edited, fromMe, content: content() })
  const deleted = text(body['deleted_message_id'])
  if (origin.name === 'message.deleted' && deleted !== null) {
    const mine = body['was_from_me'] === true
    return one('message.deleted_for_me', { chat, messageId: deleted, fromMe: mine })
  }
  if (origin.name === 'message.reaction') {
    const reaction = fields(body['reaction'])
    const [messageId, emoji] = [text(reaction?.['id'])!, text(reaction?.['message']) ?? '']
    const mine = reactedFromMe(about)
    const removed = emoji === ''
    return one('message.reaction', { ...carried, messageId, fromMe: mine, emoji, removed })
  }
  if (origin.name !== 'message' || carrierId === null)
    return mapped(fallback(origin, body, at, about))
  const envelope = { origin, raw: body, ...about, messageId: carrierId, at }
  return readingEvents(envelope, { kind: 'content', content: content() })
}
