/** WhatsApp's message object, whatever wraps it: the one key inside that says what the message is. */
import type { ContentType } from './message.ts'
import { type Fields, fields, entry } from '../../core/json-values.ts'

/** Keys that hold another message. `editedMessage` is not here: an edit is an event of its own. */
const wrappers = new Set([
  'ephemeralMessage',
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
  'associatedChildMessage',
  'groupStatusMessage',
  'groupStatusMessageV2',
  'deviceSentMessage',
  'botInvokeMessage',
  'lottieStickerMessage',
  'groupMentionedMessage',
  'statusMentionMessage',
  'pollCreationOptionImageMessage',
])

/** Keys beside the message proper, which must not be taken for it. */
const companions = new Set([
  'messageContextInfo',
  'senderKeyDistributionMessage',
  'fastRatchetKeySenderKeyDistributionMessage',
  'base64',
  'mediaUrl',
  'speechToText',
  'chatwootMessageId',
  'chatwootConversationId',
  'chatwootInboxId',
  'contextInfo',
])

export const typeOfKey: Record<string, ContentType> = {
  conversation: 'text',
  extendedTextMessage: 'text',
  imageMessage: 'image',
  videoMessage: 'video',
  ptvMessage: 'video',
  audioMessage: 'audio',
  documentMessage: 'document',
  stickerMessage: 'sticker',
  locationMessage: 'location',
  liveLocationMessage: 'location',
  contactMessage: 'contact',
  contactsArrayMessage: 'contact',
  pollCreationMessage: 'poll',
  pollCreationMessageV2: 'poll',
  pollCreationMessageV3: 'poll',
  pollCreationMessageV4: 'poll',
  pollCreationMessageV5: 'poll',
  eventMessage: 'event',
  buttonsResponseMessage: 'button_reply',
  templateButtonReplyMessage: 'button_reply',
  interactiveResponseMessage: 'button_reply',
  listResponseMessage: 'list_reply',
  buttonsMessage: 'interactive',
  templateMessage: 'interactive',
  listMessage: 'interactive',
  interactiveMessage: 'interactive',
  orderMessage: 'order',
  productMessage: 'product',
  groupInviteMessage: 'group_invite',
  newsletterAdminInviteMessage: 'group_invite',
  pinInChatMessage: 'pin',
  call: 'call',
  callLogMesssage: 'call',
  bcallMessage: 'call',
  scheduledCallCreationMessage: 'call',
  sendPaymentMessage: 'payment',
  requestPaymentMessage: 'payment',
  paymentInviteMessage: 'payment',
  invoiceMessage: 'payment',
}

export interface Unwrapped {
  /** `imageMessage`, `conversation`, `protocolMessage`, …; null when nothing but companions is there. */
  key: string | null
  /** What stands under the key: an object, or the text of a `conversation`. */
  value: unknown
  viewOnce: boolean
}

/** Looks through at most five wrappers, as WhatsApp's own clients do. */
export function unwrap(message: unknown): Unwrapped {
  const result: Unwrapped = {
    key: null,
    value: undefined,
    viewOnce: false,
  }
  let current = fields(message)
  for (let depth = 0; current && depth < 6; depth++) {
    const key = mainKey(current)
    if (key === null) return result
    result.key = key
    result.value = current[key]
    const inner = fields(fields(current[key])?.['message'])
    if (!wrappers.has(key) || !inner) return result
    if (key.startsWith('viewOnce')) result.viewOnce = true
    current = inner
  }
  return result
}

/** Known keys before unknown ones, so that a new companion does not hide the message. */
function mainKey(message: Fields): string | null {
  let unknown: string | null = null
  for (const key of Object.keys(message)) {
    if (
      companions.has(key) ||
      message[key] === null ||
      message[key] === undefined ||
      message[key] === ''
    )
      continue
    if (
      entry(typeOfKey, key) ||
      wrappers.has(key) ||
      key === 'protocolMessage' ||
      key === 'reactionMessage' ||
      key === 'secretEncryptedMessage' ||
      key === 'editedMessage'
    )
      return key
    if (unknown === null && (key === 'conversation' || /Message(V\d)?$/.test(key))) unknown = key
  }
  return unknown
}
