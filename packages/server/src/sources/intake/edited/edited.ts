/**
 * Edits and deletions that do not say in which chat they were made. Evolution hands on the key that their author
 * wrote: "from me, in the chat with you". So one of a contact is in the chat with the account itself, by its number or
 * its LID; one of a member of a group is in the group, as the account's own. The message that it is about was seen
 * before, in the chat where it belongs, and from whom it is.
 */
import type { Queryable } from '../../../db/pool.ts'
import { chatOf, isLid, personOf } from '../../../whatsapp/identity/jid.ts'
import type { EventOf, WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { chatsOfMessage, sendersOfMessage } from './store.ts'

/** The events, in the chats where the messages are that they change; one whose message was not seen stays as it is. */
export async function inTheirChats(
  db: Queryable,
  appId: string,
  events: readonly WhatsAppEvent[],
): Promise<WhatsAppEvent[]> {
  const found: WhatsAppEvent[] = []
  for (const event of events) found.push(await inItsChat(db, appId, event))
  return found
}

async function inItsChat(
  db: Queryable,
  appId: string,
  event: WhatsAppEvent,
): Promise<WhatsAppEvent> {
  if (event.type !== 'message.edited' && event.type !== 'message.deleted') return event
  const byAuthor = event.raw.source === 'evolution' && event.raw.name === 'messages.edited'
  if (!byAuthor || event.carrierId !== null) return event
  if (event.chat.kind !== 'person') return await ofItsSender(db, appId, event)
  const seen = await chatsOfMessage(db, appId, event.session, event.messageId)
  const first = seen.find(({ chatId }) => !isLid(chatId)) ?? seen[0]
  if (!first) return event
  const { chatId, fromMe } = first
  const alt = seen.find((one) => one.fromMe === fromMe && isLid(one.chatId) !== isLid(chatId))
  const chat = chatOf(chatId, alt?.chatId)
  if (!chat) return event
  // Only its author can edit a message; and of a chat of two, only its author can delete it for both.
  // One's own in the chat with oneself: a note.
  const itself = !fromMe || chat.id === event.chat.id
  const sender = itself ? personOf(chat.id, chat.altId) : event.sender
  return { ...event, chat, fromMe, byMe: fromMe, sender }
}

async function ofItsSender(
  db: Queryable,
  appId: string,
  event: EventOf<'message.edited' | 'message.deleted'>,
): Promise<WhatsAppEvent> {
  // An admin's deletion names the author by itself.
  if (!event.fromMe) return event
  const at = { chatId: event.chat.id, messageId: event.messageId }
  const seen = await sendersOfMessage(db, appId, event.session, at)
  const first = seen.find(({ memberId }) => !isLid(memberId)) ?? seen[0]
  if (!first || first.fromMe) return event
  const alt = seen.find(({ memberId }) => isLid(memberId) !== isLid(first.memberId))
  const sender = first.memberId === '' ? null : personOf(first.memberId, alt?.memberId)
  return { ...event, fromMe: false, byMe: false, sender }
}
