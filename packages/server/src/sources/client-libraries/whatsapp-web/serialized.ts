/** What whatsapp-web.js and WPPConnect take out of WhatsApp Web: its serialised ids, types and acks. */
import type { ContentType } from '../../../whatsapp/message/message.ts'

/** `true_5511…@c.us_ABC` or `false_1203…@g.us_ABC_5511…@c.us`; null for any other id. */
export function splitId(
  value: unknown,
): { fromMe: boolean; chatId: string; messageId: string; participant: string | null } | null {
  const found =
    typeof value === 'string'
      ? /^(true|false)_([^_@]+@[^_@]+)_([^_]+)(?:_(.+))?$/.exec(value)
      : null
  return found
    ? {
        fromMe: found[1] === 'true',
        chatId: found[2]!,
        messageId: found[3]!,
        participant: found[4] ?? null,
      }
    : null
}

export const webTypes: Readonly<Record<string, ContentType>> = {
  chat: 'text',
  image: 'image',
  video: 'video',
  ptt: 'audio',
  audio: 'audio',
  document: 'document',
  sticker: 'sticker',
  location: 'location',
  vcard: 'contact',
  multi_vcard: 'contact',
  poll_creation: 'poll',
  list_response: 'list_reply',
  buttons_response: 'button_reply',
  template_button_reply: 'button_reply',
  groups_v4_invite: 'group_invite',
  order: 'order',
  product: 'product',
  payment: 'payment',
}
