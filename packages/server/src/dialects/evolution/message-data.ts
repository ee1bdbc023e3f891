/** `data` of the events about messages, in Baileys' JSON as Evolution completes it. */
import {
  baileysMessage,
  baileysMessageType,
  baileysStatusName,
} from '../../whatsapp/wire/baileys.ts'
import type { MessageContent, Person } from '../../whatsapp/message/message.ts'
import { fields, type Fields } from '../../core/json-values.ts'
import type { ByType, EventOf } from '../../whatsapp/whatsapp.ts'
import { type Around, deviceOf, given, jid, jidOf, keyOf } from './wire.ts'

type MessageEvent = EventOf<'message.received' | 'message.sent'>
type ReceiptEvent = EventOf<
  'message.server_ack' | 'message.delivered' | 'message.read' | 'message.played'
>
type CarriedEvent = EventOf<'message.reaction' | 'message.poll_vote' | 'message.event_response'>

function message(event: MessageEvent): (around: Around) => object {
  return ({ instanceId, base64 }) => {
    const { content, sender, fromMe, messageId, timestamp } = event
    const status = event.status ?? (fromMe ? 'pending' : 'delivered')
    const { contextInfo, ...folded } = fold(baileysMessage(event))
    return {
      key: keyOf(event, sender),
      pushName: pushName(sender, fromMe),
      status: baileysStatusName(status),
      message: {
        ...folded,
        ...(base64 ? given('base64', content.media?.base64) : {}),
        ...given('mediaUrl', content.media?.storedUrl),
      },
      ...given('contextInfo', contextInfo),
      messageType: keyOfContent(folded) ?? baileysMessageType(content, folded),
      messageTimestamp: timestamp,
      instanceId,
      source: deviceOf(messageId),
      ...audio(content),
    }
  }
}

/** Evolution calls every account by this name. */
function pushName(person: Person | null, own: boolean): string | null {
  return own ? 'Você' : (person?.name ?? null)
}

/**
 * Evolution makes an `extendedTextMessage` a `conversation`, and lifts the context (a quoted message, mentions)
 * out of the content. What is around a message that disappears is taken off too, so that `message[messageType]` is
 * what it says; `messageContextInfo` is key material.
 */
function fold(original: Fields): Fields {
  const whole = fields(fields(original['ephemeralMessage'])?.['message']) ?? original
  const { messageContextInfo: _, ...content } = whole
  const extended = fields(content['extendedTextMessage'])
  if (extended) {
    const { extendedTextMessage: _extended, ...rest } = content
    return { ...rest, conversation: extended['text'] ?? '', contextInfo: extended['contextInfo'] }
  }
  const inner = Object.values(content).map(fields)
  return { ...content, contextInfo: inner.find((value) => value?.['contextInfo'])?.['contextInfo'] }
}

/**
 * The key that the content stands under, the outermost one where it is wrapped: `imageMessage`,
 * `viewOnceMessageV2`, …
 */
function keyOfContent(message: Fields): string | undefined {
  const keys = Object.keys(message).filter((key) => message[key] !== undefined)
  return keys.find((key) => /^(conversation|call|\w+Message(V\d\w*)?)$/.test(key))
}

/** The document's three fields for sound; the URL is that of the decrypted file, where the gateway keeps one. */
function audio({ type, media }: MessageContent): Fields {
  if (type !== 'audio' || !media) return {}
  return {
    ...given('audioUrl', media.storedUrl),
    ...given('audioDuration', media.seconds),
    ...given('mimeType', media.mimetype),
  }
}

/** A message about another one: `inside` is its content. Without an id of its own it gets one that is nobody else's. */
function carried(event: CarriedEvent, messageType: string, inside: Fields) {
  return ({ instanceId }: Around): object => {
    const { chat, sender, byMe, timestamp } = event
    const messageId = event.carrierId ?? `${event.messageId}-${timestamp}`
    return {
      key: keyOf({ chat, messageId, fromMe: byMe }, sender),
      pushName: pushName(sender, byMe),
      status: baileysStatusName(byMe ? 'pending' : 'delivered'),
      message: { [messageType]: inside },
      messageType,
      messageTimestamp: timestamp,
      instanceId,
      source: deviceOf(messageId),
    }
  }
}

/** The key of the message that an event is about; who wrote it is known of the account's own only. */
function target(event: CarriedEvent | EventOf<'message.edited'>): Fields {
  return keyOf(event, null)
}

function receipt(event: ReceiptEvent) {
  return ({ instanceId }: Around): object => ({
    keyId: event.messageId,
    remoteJid: jid(event.chat),
    fromMe: event.fromMe,
    ...given(
      'participant',
      jid(event.by) ?? (event.chat.kind === 'person' ? jid(event.chat) : null),
    ),
    status: baileysStatusName(event.status),
    instanceId,
  })
}

function deleted(event: EventOf<'message.deleted' | 'message.deleted_for_me'>) {
  const sender = 'sender' in event && event.fromMe === event.byMe ? event.sender : null
  return (): object => ({ ...keyOf(event, sender), status: 'DELETED' })
}

export const messageData: ByType<(around: Around) => unknown> = {
  'message.received': message,
  'message.sent': message,
  'message.server_ack': receipt,
  'message.delivered': receipt,
  'message.read': receipt,
  'message.played': receipt,
  'message.failed':
    (event) =>
    ({ instanceId }) => ({
      keyId: event.messageId,
      remoteJid: jid(event.chat),
      fromMe: event.fromMe,
      status: 'ERROR',
      ...(event.error.code === null ? {} : { messageStubParameters: [event.error.code] }),
      instanceId,
    }),
  'message.deleted': deleted,
  'message.deleted_for_me': deleted,
  // Evolution sends the protocol message itself.
  'message.edited': (event) => () => ({
    key: target(event),
    type: 'MESSAGE_EDIT',
    editedMessage: baileysMessage({ raw: { ...event.raw, event: null }, content: event.content }),
    timestampMs: String(Date.parse(event.at)),
  }),
  'message.reaction': (event) =>
    carried(event, 'reactionMessage', {
      key: target(event),
      text: event.emoji,
      senderTimestampMs: String(Date.parse(event.at)),
    }),
  'message.poll_vote': (event) => (around) => ({
    ...carried(event, 'pollUpdateMessage', {
      pollCreationMessageKey: target(event),
      ...(event.options === null ? {} : { vote: { selectedOptions: event.options } }),
      senderTimestampMs: String(Date.parse(event.at)),
    })(around),
    ...(event.options === null
      ? {}
      : { pollUpdates: event.options.map((name) => ({ name, voters: voter(event.sender) })) }),
  }),
  'message.event_response': (event) =>
    carried(event, 'eventResponseMessage', {
      key: target(event),
      ...given('response', event.response),
    }),
}

function voter(sender: Person | null): string[] {
  return sender === null ? [] : [jidOf(jid(sender)!)]
}
