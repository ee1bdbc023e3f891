/** `data` of the WhatsApp events that the document has a word for. */
import { everyLoss, type LossEvent } from '../contract/losses.ts'
import { preferredId } from '../../whatsapp/identity/event-identity.ts'
import { phoneOf } from '../../whatsapp/identity/jid.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'
import type { ByType, EventOf } from '../../whatsapp/whatsapp.ts'

/** A conversation is one chat of one session; the phone number's id where it is known, so that it stays the same. */
function conversation(session: string, chat: Chat): object {
  const id = preferredId(chat)
  return {
    conversation_id: id,
    channel: 'whatsapp',
    session_id: session,
    kind: chat.kind,
    name: chat.name,
    phone: phoneOf(id),
  }
}

function person(one: Person | null): object | null {
  return one === null ? null : { id: preferredId(one), phone: one.phone, name: one.name }
}

function message(event: EventOf<'message.received' | 'message.sent'>): object {
  const { content } = event
  return {
    ...conversation(event.session, event.chat),
    message_id: event.messageId,
    direction: event.fromMe ? 'outbound' : 'inbound',
    sender: person(event.sender),
    content_type: content.type,
    content: content.text,
    ...(content.media ? { media: content.media } : {}),
    ...(content.quoted ? { reply_to_message_id: content.quoted.messageId } : {}),
    sent_at: event.at,
  }
}

function loss(event: LossEvent): object {
  return {
    integration: 'whatsapp',
    session_id: event.session,
    status: 'disconnected',
    event: event.type,
    reason: event.reason,
    code: event.code,
    permanent: event.final,
    ...(event.until === undefined ? {} : { until: event.until }),
    disconnected_at: event.at,
  }
}

export const whatsappData: ByType<object> = {
  'message.received': message,
  'message.sent': message,
  'chat.created': (event) => ({
    ...conversation(event.session, event.chat),
    created_at: event.at,
  }),
  'session.connected': (event) => ({
    integration: 'whatsapp',
    session_id: event.session,
    status: 'connected',
    account: person(event.me),
    connected_at: event.at,
  }),
  ...everyLoss(loss),
}
