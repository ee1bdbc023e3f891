/** Parts of a message as gateways give them that have flattened WhatsApp's own object. */
import { text } from '../../core/json-values.ts'
import { toNumber } from '../wire/json-shapes.ts'
import { emptyContent } from './content.ts'
import { present } from './present.ts'
import type { ContentType, Location, MessageContent, Quoted } from './message.ts'

/** Messages that are a file, as gateways call them, with WhatsApp's own key of each. */
export const fileKinds: Readonly<Record<string, [ContentType, string]>> = {
  image: ['image', 'imageMessage'],
  video: ['video', 'videoMessage'],
  audio: ['audio', 'audioMessage'],
  document: ['document', 'documentMessage'],
  sticker: ['sticker', 'stickerMessage'],
}

export function saying(type: ContentType, messageType: string, words: unknown): MessageContent {
  return { ...emptyContent(type, messageType), text: text(words) }
}

/** An answer to a button or to a row of a list. */
export function replying(
  type: ContentType,
  messageType: string,
  id: unknown,
  title: unknown,
): MessageContent {
  return { ...saying(type, messageType, title), reply: { id: text(id), title: text(title) } }
}

/** Each member as it was given, whatever the gateway calls it. */
export function locationOf(
  given: Partial<Record<'latitude' | 'longitude' | 'name' | 'address' | 'url' | 'live', unknown>>,
): Location {
  return {
    latitude: toNumber(given.latitude) ?? 0,
    longitude: toNumber(given.longitude) ?? 0,
    ...present({
      name: text(given.name),
      address: text(given.address),
      url: text(given.url),
      live: given.live === true,
    }),
  }
}

/** The message that another one answers, of which little is told. */
export function quoting(
  messageId: string,
  { senderId = null, text: words = null }: Partial<Pick<Quoted, 'senderId' | 'text'>> = {},
): Quoted {
  return { messageId, senderId, chatId: null, type: null, text: words }
}
