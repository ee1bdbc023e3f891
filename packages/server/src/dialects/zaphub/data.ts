/** `payload` of each event, with the document's fields in the document's order. */
import { everyLoss, type LossEvent } from '../contract/losses.ts'
import { preferredId } from '../../whatsapp/identity/event-identity.ts'
import type { Chat, Media, MessageContent, Person } from '../../whatsapp/message/message.ts'
import type { ByType, EventOf } from '../../whatsapp/whatsapp.ts'
import { qrPng } from '../qr-image.ts'
import { messageUuid } from './message-id.ts'

/** What names a message: the session's, and its own. */
interface Target {
  session: string
  timestamp: number
  chat: Chat
  messageId: string
  fromMe: boolean
}

type Carried = Target & { sender: Person | null; byMe: boolean }

function id({ session, messageId, fromMe }: Target): string {
  return messageUuid(session, messageId, fromMe)
}

function disconnected({ reason, at }: LossEvent): object {
  return { reason, disconnected_at: at }
}

function receipt(event: Target): object {
  const { messageId, timestamp } = event
  return { messageId: id(event), wa_message_id: messageId, timestamp }
}

function received(event: EventOf<'message.received'>): object {
  return event.raw.source === 'zaphub' ? { ...ownOf(event), ...asEnqueued(event) } : ownOf(event)
}

/**
 * What ZapHub itself put into its queue leaves as it stands: names that it resolved, a `raw_media`, whatever
 * `content` holds.
 */
function asEnqueued({ raw, content: { text } }: EventOf<'message.received'>): object {
  const { sessionId: _session, waMessageId: _id, ...job } = raw.event as Record<string, unknown>
  const { content } = job
  if (typeof content === 'object' && content !== null && !('text' in content))
    job['content'] = { ...content, text }
  return job
}

function ownOf(event: EventOf<'message.received'>): object {
  const { chat, sender, content, timestamp, messageId } = event
  const isGroup = chat.kind === 'group'
  const chatId = preferredId(chat)
  // In channels, broadcasts and status updates too the author is someone else than the chat.
  const participant = chat.kind === 'person' || !sender ? null : preferredId(sender)
  return {
    messageId: id(event),
    wa_message_id: messageId,
    chatId,
    from: participant ?? chatId,
    participant,
    participantName: participant === null ? null : (sender?.name ?? null),
    type: content.type,
    content: contentOf(content),
    chatName: chat.name,
    chatImageUrl: chat.imageUrl,
    ...(isGroup
      ? { groupId: chatId, groupName: chat.name, groupImageUrl: chat.imageUrl }
      : {
          contactName: sender?.name ?? chat.name,
          contactImageUrl: sender?.imageUrl ?? chat.imageUrl,
        }),
    isGroup,
    timestamp,
    ...rawMedia(content.media),
  }
}

/**
 * `text` is always there, for a file it is the caption: the document's own receivers read it of every message, and
 * the one in Python ends in a KeyError where it is missing.
 */
function contentOf(content: MessageContent): object {
  const { type: _, messageType: _messageType, text, media, quoted, mentions, ...rest } = content
  return {
    text,
    ...(media ? file(media) : {}),
    ...(quoted ? { quoted } : {}),
    ...(mentions.length > 0 ? { mentions } : {}),
    ...rest,
  }
}

/** What a file is, and where it is kept decrypted; how to get at the encrypted one is `raw_media`. */
function file(media: Media): object {
  const {
    url: _url,
    directPath: _path,
    mediaKey: _key,
    mediaKeyTimestamp: _at,
    fileSha256: _sha,
    fileEncSha256: _encSha,
    storedUrl,
    ...rest
  } = media
  return { ...rest, ...(storedUrl === undefined ? {} : { url: storedUrl }) }
}

/** Only of a file that nobody has decrypted yet, as WhatsApp gave it. */
function rawMedia(media: Media | null): object {
  if (!media || media.storedUrl !== undefined || media.base64 !== undefined) return {}
  const { url, directPath, mediaKey, mediaKeyTimestamp, fileLength } = media
  if (mediaKey === undefined || (url === undefined && directPath === undefined)) return {}
  const { fileSha256, fileEncSha256, mimetype, seconds } = media
  return {
    raw_media: {
      url,
      directPath,
      mediaKey,
      mediaKeyTimestamp,
      fileLength,
      fileSha256,
      fileEncSha256,
      mimetype,
      seconds,
    },
  }
}

/** `messageId` is the message that this is about, not the one that carried it. */
function carried(event: Carried): object {
  const { chat, sender, messageId, byMe } = event
  const chatId = preferredId(chat)
  const participant = chat.kind === 'person' || !sender ? null : preferredId(sender)
  return {
    messageId: id(event),
    wa_message_id: messageId,
    chatId,
    from: sender ? preferredId(sender) : byMe ? null : chatId,
    participant,
    fromMe: byMe,
    isGroup: chat.kind === 'group',
  }
}

/** The picture that the gateway made, or one made here of the code's text. */
function qrImage({ code, image }: EventOf<'session.qr_updated'>['qr']): string | null {
  if (image !== null) return image.replace(/^data:[^,]*,/, '')
  return code === null ? null : qrPng(code)
}

export const payloads: ByType<object> = {
  'session.qr_updated': ({ qr, at }) => ({ qr_code: qrImage(qr), generated_at: at }),
  'session.connected': ({ me, at }) => ({ connected_at: at, phone_number: me?.phone ?? null }),
  ...everyLoss(disconnected),
  'message.received': received,
  'message.sent': (event) => ({
    messageId: id(event),
    to: preferredId(event.chat),
    wa_message_id: event.messageId,
    timestamp: event.timestamp,
  }),
  'message.delivered': receipt,
  'message.read': receipt,
  'message.played': receipt,
  // How often a gateway tried it does not tell; it tells of the end of one attempt.
  'message.failed': (event) => ({
    messageId: id(event),
    error: event.error.message,
    attempts: 1,
  }),
  'message.edited': (event) => ({
    ...carried(event),
    type: event.content.type,
    content: contentOf(event.content),
    timestamp: event.timestamp,
  }),
  'message.deleted': (event) => ({ ...carried(event), timestamp: event.timestamp }),
  'message.reaction': (event) => ({
    ...carried(event),
    emoji: event.emoji,
    removed: event.removed,
    timestamp: event.timestamp,
  }),
}
