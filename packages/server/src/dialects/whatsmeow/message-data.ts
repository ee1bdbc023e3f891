/** `data` of `message`, `receipt` and what else is about one message. */
import type { Chat, MessageContent, Person } from '../../whatsapp/message/message.ts'
import type { ByType, EventOf } from '../../whatsapp/whatsapp.ts'
import { alt, given, goTime, jid } from './wire.ts'

type Target = { at: string; chat: Chat; messageId: string; fromMe: boolean }
type Carried = Target & { sender: Person | null; carrierId: string | null; byMe: boolean }
type ReceiptEvent = EventOf<
  'message.server_ack' | 'message.delivered' | 'message.read' | 'message.played' | 'message.receipt'
>

const spellings: Record<string, string> = {
  conversation: 'conversation',
  extendedTextMessage: 'extended_text',
}

/** `conversation`, `extended_text`, `image`, `video`, …, `unknown`. */
function typeOf(content: MessageContent): string {
  if (content.type !== 'text') return content.type
  return spellings[content.messageType ?? ''] ?? 'conversation'
}

/** The document's eight fields first and always; the rest only where there is something to say. */
function message(
  head: { id: string; sender: Person | null; fromMe: boolean; chat: Chat; at: string },
  type: string,
  content: MessageContent | null,
): Record<string, unknown> {
  const { sender, chat } = head
  const media = content?.media ?? null
  return {
    message_id: head.id,
    from: jid(sender),
    from_me: head.fromMe,
    chat: jid(chat),
    timestamp: goTime(head.at),
    type,
    body: content?.text ?? null,
    media_type: media ? content!.type : null,
    ...(media
      ? {
          ...given('caption', content!.text),
          ...given('mime_type', media.mimetype),
          ...given('file_name', media.fileName),
          media,
        }
      : {}),
    ...alt('from_alt', sender),
    ...alt('chat_alt', chat),
    ...given('push_name', sender?.name),
    ...(chat.kind === 'group' ? { is_group: true, ...given('group_name', chat.name) } : {}),
    ...(content ? rest(content) : {}),
  }
}

function rest(content: MessageContent): Record<string, unknown> {
  const { quoted } = content
  return {
    ...(quoted
      ? {
          quoted: {
            message_id: quoted.messageId,
            sender: quoted.senderId ?? '',
            body: quoted.text,
          },
        }
      : {}),
    ...given('mentions', content.mentions),
    ...given('location', content.location),
    ...given('contacts', content.contacts),
    ...given('poll', content.poll),
    ...given('reply', content.reply),
    ...given('calendar_event', content.event),
    ...given('group_invite', content.groupInvite),
    ...given('pin', content.pin),
    ...given('link', content.link),
    ...(content.forwarded ? { forwarded: true } : {}),
    ...(content.viewOnce ? { view_once: true } : {}),
    ...given('stub', content.stub),
  }
}

function plain(event: EventOf<'message.received' | 'message.sent'>): object {
  const { messageId: id, sender, fromMe, chat, at, content } = event
  return message({ id, sender, fromMe, chat, at }, typeOf(content), content)
}

/** A message about another message. Where the gateway tells only the target, that is the id. */
function carried(event: Carried, type: string, content: MessageContent | null = null) {
  const { sender, byMe: fromMe, chat, at } = event
  const id = event.carrierId ?? event.messageId
  return {
    ...message({ id, sender, fromMe, chat, at }, type, content),
    target_message_id: event.messageId,
    target_from_me: event.fromMe,
  }
}

function receipt(event: ReceiptEvent): object {
  return {
    message_ids: [event.messageId],
    timestamp: goTime(event.at),
    chat: jid(event.chat),
    sender: jid(event.by),
    type: event.receiptType,
    from_me: event.fromMe,
    ...alt('chat_alt', event.chat),
    ...alt('sender_alt', event.by),
  }
}

function about({ messageId, chat, fromMe, at }: Target): Record<string, unknown> {
  return { message_id: messageId, chat: jid(chat), from_me: fromMe, timestamp: goTime(at) }
}

export const messageData: ByType<object> = {
  'message.received': plain,
  'message.sent': plain,
  'message.edited': (event) => carried(event, 'edit', event.content),
  'message.deleted': (event) => carried(event, 'revoke'),
  'message.reaction': (event) => ({ ...carried(event, 'reaction'), reaction: event.emoji }),
  'message.poll_vote': (event) => ({ ...carried(event, 'poll_vote'), options: event.options }),
  'message.event_response': (event) => ({
    ...carried(event, 'event_response'),
    response: event.response,
  }),
  'message.server_ack': receipt,
  'message.delivered': receipt,
  'message.read': receipt,
  'message.played': receipt,
  'message.receipt': receipt,
  'message.failed': (event) => ({
    message_ids: [event.messageId],
    timestamp: goTime(event.at),
    chat: jid(event.chat),
    sender: '',
    type: event.receiptType ?? 'server-error',
    from_me: event.fromMe,
    error: event.error,
  }),
  'message.undecryptable': (event) => ({
    ...about(event),
    from: jid(event.sender),
    unavailable_type: event.viewOnce ? 'view_once' : '',
    reason: event.reason,
  }),
  'message.media_retry': (event) => ({ ...about(event), error: event.error }),
  'message.deleted_for_me': about,
  'message.starred': (event) => ({ ...about(event), starred: event.on }),
}
