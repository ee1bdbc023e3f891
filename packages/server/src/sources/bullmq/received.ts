/** Jobs of ZapHub's queue `message-receive` → canonical events. Pure. */
import { emptyContent } from '../../whatsapp/message/content.ts'
import { present } from '../../whatsapp/message/present.ts'
import { chatKindOf, chatOf, jidOfUser, personOf } from '../../whatsapp/identity/jid.ts'
import {
  type ContentType,
  contentTypes,
  type Media,
  type MessageContent,
} from '../../whatsapp/message/message.ts'
import { entry, fields, type Fields, firstText, text } from '../../core/json-values.ts'
import { toNumber, word } from '../../whatsapp/wire/json-shapes.ts'
import type { WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import { make } from '../gateway/origin.ts'

export type ReadJob =
  | { ok: true; session: string; messageId: string; event: WhatsAppEvent | null }
  | { ok: false; problem: string }

/**
 * The document's `{sessionId, waMessageId, from, type, content, timestamp}`; `chatId`, `participant`, names, pictures
 * and `raw_media` as its webhook has them, where the producer knows them. `event` is null where it does not say which
 * chat it is about.
 */
export function readReceived(data: unknown, receivedAtMs: number): ReadJob {
  const job = fields(data)
  if (!job) return { ok: false, problem: 'its data is no object' }
  const [session, messageId] = [text(job['sessionId']), word(job['waMessageId'])]
  if (session === null) return { ok: false, problem: 'its data has no sessionId' }
  if (messageId === null) return { ok: false, problem: 'its data has no waMessageId' }
  return { ok: true, session, messageId, event: eventOf(job, session, messageId, receivedAtMs) }
}

function eventOf(
  job: Fields,
  session: string,
  messageId: string,
  receivedAtMs: number,
): WhatsAppEvent | null {
  const from = jidOfUser(job['from'])
  const chatId = jidOfUser(job['chatId']) ?? jidOfUser(job['groupId']) ?? from
  const isGroup = chatId !== null && chatKindOf(chatId) === 'group'
  const chat = chatOf(
    chatId,
    null,
    firstText(job['chatName'], isGroup ? job['groupName'] : job['contactName']),
    firstText(job['chatImageUrl'], isGroup ? job['groupImageUrl'] : job['contactImageUrl']),
  )
  if (!chat) return null
  const other = from === chat.id ? null : from
  const sender =
    chat.kind === 'person'
      ? personOf(chat.id, null, firstText(job['contactName'], job['chatName']), chat.imageUrl)
      : personOf(jidOfUser(job['participant']) ?? other, null, text(job['participantName']))
  const origin = {
    source: 'zaphub',
    session,
    name: 'message-receive',
    id: null,
    hash: null,
    receivedAtMs,
    me: null,
  }
  return make(origin, 'message.received', job, job['timestamp'], {
    chat,
    messageId,
    fromMe: false,
    sender,
    content: contentOf(job),
    status: 'delivered',
    origin: null,
    replayed: false,
  })
}

/** What Baileys and people call the types, besides the canonical names. */
const typeNames: Record<string, ContentType> = {
  conversation: 'text',
  extendedTextMessage: 'text',
  chat: 'text',
  imageMessage: 'image',
  videoMessage: 'video',
  audioMessage: 'audio',
  ptt: 'audio',
  voice: 'audio',
  documentMessage: 'document',
  file: 'document',
  stickerMessage: 'sticker',
  locationMessage: 'location',
  contactMessage: 'contact',
  contacts: 'contact',
}

function typeOf(given: unknown): ContentType {
  return contentTypes.find((type) => type === given) ?? entry(typeNames, given) ?? 'unknown'
}

function contentOf(job: Fields): MessageContent {
  const given = fields(job['content']) ?? {}
  const type = typeOf(job['type'])
  const content = emptyContent(type)
  content.text = firstText(
    typeof job['content'] === 'string' ? job['content'] : null,
    given['text'],
    given['caption'],
    given['body'],
  )
  const raw = fields(job['raw_media']) ?? fields(given['raw_media'])
  if (raw || ['image', 'video', 'audio', 'document', 'sticker'].includes(type))
    content.media = mediaOf(given, raw)
  const [latitude, longitude] = [given['latitude'], given['longitude']].map(toNumber)
  if (typeof latitude === 'number' && typeof longitude === 'number')
    content.location = { latitude, longitude }
  return content
}

/** A URL in `content` is of the file that ZapHub keeps; one in `raw_media`, of WhatsApp's encrypted one. */
function mediaOf(given: Fields, raw: Fields = {}): Media {
  return present({
    storedUrl: firstText(given['url'], given['mediaUrl']),
    fileName: firstText(given['fileName'], given['filename']),
    url: text(raw['url']),
    directPath: text(raw['directPath']),
    mediaKey: text(raw['mediaKey']),
    fileSha256: text(raw['fileSha256']),
    fileEncSha256: text(raw['fileEncSha256']),
    mimetype: firstText(raw['mimetype'], given['mimetype']),
    mediaKeyTimestamp: toNumber(raw['mediaKeyTimestamp']),
    fileLength: toNumber(raw['fileLength']),
    seconds: toNumber(raw['seconds']) ?? toNumber(given['seconds']),
  })
}
