/** ZapHub's events, as `GET /api/v1/webhook/events` shows them, and what the canonical events are called. */
import { eventNames } from '../contract/catalogue.ts'
import { everyLoss } from '../contract/losses.ts'
import type { EventType } from '../../whatsapp/whatsapp.ts'
import type { CatalogueEvent } from '../contract/dialect.ts'

type Shown = CatalogueEvent & Required<Pick<CatalogueEvent, 'payload'>>

const about = {
  messageId: 'uuid',
  wa_message_id: 'string',
  chatId: 'jid',
  from: 'jid',
  participant: 'jid (null outside groups)',
  fromMe: 'boolean',
  isGroup: 'boolean',
}

const receipt = { messageId: 'uuid', wa_message_id: 'string', timestamp: 'timestamp' }

export const catalogue: readonly Shown[] = [
  {
    name: 'session.qr_updated',
    description: 'QR code was generated or updated',
    category: 'session',
    payload: { qr_code: 'base64_string', generated_at: 'timestamp' },
  },
  {
    name: 'session.connected',
    description: 'Session successfully connected to WhatsApp',
    category: 'session',
    payload: { connected_at: 'timestamp', phone_number: 'string (if available)' },
  },
  {
    name: 'session.disconnected',
    description: 'Session lost its connection to WhatsApp',
    category: 'session',
    payload: { reason: 'string', disconnected_at: 'timestamp' },
  },
  {
    name: 'message.received',
    description: 'New message received',
    category: 'message',
    payload: {
      messageId: 'uuid',
      wa_message_id: 'string',
      chatId: 'jid',
      from: 'jid',
      participant: 'jid (null outside groups)',
      participantName: 'string (null outside groups)',
      type: 'text|image|video|...',
      content: 'object',
      chatName: 'string',
      chatImageUrl: 'url',
      contactName: 'string (not in groups)',
      contactImageUrl: 'url (not in groups)',
      groupId: 'jid (only in groups)',
      groupName: 'string (only in groups)',
      groupImageUrl: 'url (only in groups)',
      isGroup: 'boolean',
      timestamp: 'timestamp',
      raw_media: 'object (a file that is still encrypted)',
    },
  },
  {
    name: 'message.sent',
    description: 'Message was sent to WhatsApp',
    category: 'message',
    payload: { messageId: 'uuid', to: 'jid', wa_message_id: 'string', timestamp: 'timestamp' },
  },
  {
    name: 'message.delivered',
    description: 'Message was delivered to the recipient',
    category: 'message',
    payload: receipt,
  },
  {
    name: 'message.read',
    description: 'Message was read by the recipient',
    category: 'message',
    payload: receipt,
  },
  {
    name: 'message.failed',
    description: 'Message could not be sent',
    category: 'message',
    payload: { messageId: 'uuid', error: 'string', attempts: 'number' },
  },
  {
    name: 'message.edited',
    description: 'Message was edited by its author',
    category: 'message',
    payload: { ...about, type: 'text|image|video|...', content: 'object', timestamp: 'timestamp' },
  },
  {
    name: 'message.deleted',
    description: 'Message was deleted for everyone',
    category: 'message',
    payload: { ...about, timestamp: 'timestamp' },
  },
  {
    name: 'message.reaction',
    description: 'Someone reacted to a message, or took the reaction back',
    category: 'message',
    payload: {
      ...about,
      emoji: 'string (empty when taken back)',
      removed: 'boolean',
      timestamp: 'timestamp',
    },
  },
  {
    name: 'webhook.test',
    description: 'Test of a webhook URL',
    category: 'webhook',
    payload: { message: 'string', timestamp: 'timestamp' },
  },
]

/**
 * Canonical types that are not called what they are in ZapHub: each loss of a session is a disconnection, whoever
 * plays has read.
 */
const names: { readonly [Type in EventType]?: string } = {
  ...everyLoss('session.disconnected'),
  'message.played': 'message.read',
}

export const eventName = eventNames(names)
