/**
 * What a chat is. `channel`: a WhatsApp channel (newsletter); `status`: status updates; `broadcast`: a
 * broadcast list.
 */
export const chatKinds = ['person', 'group', 'channel', 'status', 'broadcast'] as const
export type ChatKind = (typeof chatKinds)[number]

/**
 * A conversation. Ids are normalised: no device suffix, `@s.whatsapp.net` for phone numbers, `@lid` for hidden
 * identities.
 */
export interface Chat {
  /** As the gateway names it, which may be the phone number or the LID. */
  id: string
  /** The same chat by its other identity (LID ↔ phone number), where it is known. Groups and channels have one only. */
  altId: string | null
  kind: ChatKind
  /** The group's or channel's subject, the person's name; null where unknown. */
  name: string | null
  imageUrl: string | null
}

/** Someone, by one identity or both. */
export interface Person {
  id: string
  altId: string | null
  /** Digits only; null when only the LID is known. */
  phone: string | null
  /** The name that the person chose (push name), or that of the address book. */
  name: string | null
  imageUrl: string | null
}

export const contentTypes = [
  'text',
  'image',
  'video',
  'audio',
  'document',
  'sticker',
  'location',
  'contact',
  'poll',
  'event',
  'button_reply',
  'list_reply',
  'interactive',
  'order',
  'product',
  'group_invite',
  'pin',
  'call',
  'payment',
  'system',
  'unknown',
] as const
export type ContentType = (typeof contentTypes)[number]

/**
 * A file of a message. Names are WhatsApp's own, so that the first nine are a `raw_media` as they stand. Bytes
 * are standard base64. Thumbnails stay in the raw event: they cost more than the rest together.
 */
export interface Media {
  url?: string
  directPath?: string
  /** Decrypts the file: a secret. */
  mediaKey?: string
  /** Seconds since the epoch. */
  mediaKeyTimestamp?: number
  /** Bytes of the plain file; the encrypted one has (floor(n/16)+1)*16+10. */
  fileLength?: number
  fileSha256?: string
  fileEncSha256?: string
  mimetype?: string
  /** Length of sound or video. */
  seconds?: number
  fileName?: string
  title?: string
  pageCount?: number
  width?: number
  height?: number
  /** A voice note. */
  ptt?: boolean
  /** A round video note. */
  ptv?: boolean
  gifPlayback?: boolean
  animated?: boolean
  /** The decrypted file where the gateway keeps it: a URL or a path of its own. */
  storedUrl?: string
  /** The decrypted file itself, where the gateway sends it along; taken out of the raw event. */
  base64?: string
  /**
   * The same, where Pombo keeps it: instead of `base64` for files above a size. `url` is signed and expires
   * with the message.
   */
  stored?: { url: string; mimetype: string; sizeBytes: number; sha256: string }
}

export interface Location {
  latitude: number
  longitude: number
  name?: string
  address?: string
  url?: string
  live?: boolean
}

/** A message that another one answers or quotes. */
export interface Quoted {
  messageId: string
  /** Its author. */
  senderId: string | null
  chatId: string | null
  type: ContentType | null
  text: string | null
}

/** What a message says. `text` is the text, the caption, the poll's question or the chosen button's title. */
export interface MessageContent {
  type: ContentType
  /** WhatsApp's own key of it (`conversation`, `imageMessage`, …); null where the gateway does not tell. */
  messageType: string | null
  text: string | null
  media: Media | null
  quoted: Quoted | null
  mentions: string[]
  location?: Location
  /** One per contact; `vcard` as it was sent. */
  contacts?: { name: string | null; vcard: string | null }[]
  poll?: { name: string; options: string[]; selectableCount: number | null }
  /** A button, list or template reply. */
  reply?: { id: string | null; title: string | null }
  event?: {
    name: string | null
    description: string | null
    startsAt: string | null
    location: string | null
    canceled: boolean
  }
  groupInvite?: { groupId: string | null; groupName: string | null; code: string | null }
  /** The message that this one pins or unpins. */
  pin?: { messageId: string; pinned: boolean }
  link?: { url: string; title: string | null; description: string | null }
  forwarded?: boolean
  viewOnce?: boolean
  /** Seconds after which the chat forgets it. */
  expirationSeconds?: number
  /** System messages: WhatsApp's stub name or number and its parameters. */
  stub?: { type: string; parameters: string[] }
}

/** How far an own message got. They only ever grow; `failed` ends it. */
export const messageStatuses = [
  'failed',
  'pending',
  'server_ack',
  'delivered',
  'read',
  'played',
] as const
export type MessageStatus = (typeof messageStatuses)[number]
