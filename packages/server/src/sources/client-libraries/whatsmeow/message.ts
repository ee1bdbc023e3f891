/** whatsmeow's message and receipt structs, as Go marshals them → canonical events. */
import { readMessage } from '../../../whatsapp/message/content.ts'
import { chatOf, personOf } from '../../../whatsapp/identity/jid.ts'
import type { MessageStatus } from '../../../whatsapp/message/message.ts'
import { toMs } from '../../../whatsapp/wire/json-shapes.ts'
import { respell } from '../../../whatsapp/wire/spelling.ts'
import { fields, type Fields, list, text, entry } from '../../../core/json-values.ts'
import {
  type Envelope,
  readingEvents,
  statusEvent,
  undecryptable,
} from '../../gateway/message-events.ts'
import { fallback, joined, make, mapped, type Origin, without } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

/** MessageSource, flattened into the struct that embeds it. */
export function readSource(source: Fields, pushName: string | null = null) {
  const fromMe = source['IsFromMe'] === true
  const chat = chatOf(source['Chat'], fromMe ? source['RecipientAlt'] : source['SenderAlt'])
  if (!chat) return null
  if (chat.kind === 'person' && !fromMe) chat.name = pushName
  const sender =
    personOf(source['Sender'], source['SenderAlt'], pushName) ??
    (fromMe ? null : personOf(chat.id, chat.altId, pushName))
  return { chat, sender, fromMe }
}

export interface MessageExtras {
  stored?: NonNullable<Envelope['stored']>
  sentBy?: 'api' | 'device' | null
}

/** `{Info, Message, RawMessage, IsEphemeral, IsViewOnce, IsEdit, …}`. */
export function whatsmeowMessage(
  origin: Origin,
  event: Fields,
  extras: MessageExtras = {},
): Mapped {
  const info = fields(event['Info'])
  const source = info && readSource(info, text(info['PushName']))
  const messageId = text(info?.['ID'])
  if (!info || !source || messageId === null) return mapped(fallback(origin, event))
  const viewOnce = ['IsViewOnce', 'IsViewOnceV2', 'IsViewOnceV2Extension'].some(
    (flag) => event[flag] === true,
  )
  const message = fields(event['Message']) ?? fields(event['RawMessage'])
  const envelope: Envelope = {
    origin,
    raw: rawOf(event),
    ...source,
    messageId,
    at: info['Timestamp'],
    sentBy: source.fromMe ? (extras.sentBy ?? null) : null,
    ...(viewOnce ? { viewOnce } : {}),
    stored: {
      base64: text(message?.['base64']),
      url: text(message?.['mediaUrl']),
      ...extras.stored,
    },
  }
  const reading = readMessage(respell(message))
  // 1: edited, 3: edited by a channel's admin. Most edits say so inside; a channel's, and those of the history,
  // come as a plain message under the same id.
  const edit = info['Edit'] === '1' || info['Edit'] === '3' || event['IsEdit'] === true
  if (reading.kind === 'content' && edit) {
    const { chat, fromMe, sender } = source
    const about = { chat, messageId, fromMe, sender, carrierId: null, byMe: fromMe }
    const { content } = reading
    // `Info.Timestamp` is of the message, and so the same for each edit of it.
    const editedAt = toMs(fields(event['NewsletterMeta'])?.['EditTS']) ?? envelope.at
    return mapped(make(origin, 'message.edited', envelope.raw, editedAt, { ...about, content }))
  }
  return readingEvents(envelope, reading)
}

const keys = [
  'base64',
  'senderKeyDistributionMessage',
  'fastRatchetKeySenderKeyDistributionMessage',
]

/** Without key material, and without the file that went to `content.media`. */
function rawOf(event: Fields): Fields {
  const copy = { ...event }
  for (const name of ['Message', 'RawMessage'])
    if (fields(copy[name])) copy[name] = without(copy[name], ...keys)
  return copy
}

/** `{Info, IsUnavailable, UnavailableType, DecryptFailMode}`. */
export function whatsmeowUndecryptable(origin: Origin, event: Fields): Mapped {
  const info = fields(event['Info'])
  const source = info && readSource(info, text(info['PushName']))
  const messageId = text(info?.['ID'])
  if (!info || !source || messageId === null) return mapped(fallback(origin, event))
  const viewOnce = event['UnavailableType'] === 'view_once'
  const envelope: Envelope = {
    origin,
    raw: event,
    ...source,
    messageId,
    at: info['Timestamp'],
    viewOnce,
  }
  return undecryptable(
    envelope,
    event['IsUnavailable'] === true
      ? `unavailable${viewOnce ? ': view once' : ''}`
      : 'decryption failed',
  )
}

/** What each receipt type says. Those that say nothing about delivery are `message.receipt`. */
const statusOfReceipt: Record<string, MessageStatus> = {
  '': 'delivered',
  delivered: 'delivered',
  inactive: 'delivered',
  sender: 'server_ack',
  read: 'read',
  'read-self': 'read',
  played: 'played',
  'played-self': 'played',
  'server-error': 'failed',
}

/** As gateways shorten the type of a receipt. */
const receiptStates: Record<string, string> = { Read: 'read', ReadSelf: 'read-self', Delivered: '' }

/** Of one member for several messages: one event each. `state` counts where the struct's own type is gone. */
export function whatsmeowReceipt(origin: Origin, event: Fields, state?: unknown): Mapped {
  const source = readSource(event)
  const ids = list(event['MessageIDs']).filter((id): id is string => typeof id === 'string')
  if (!source || ids.length === 0) return mapped(fallback(origin, event, event['Timestamp']))
  const receiptType = text(event['Type']) ?? entry(receiptStates, state) ?? ''
  const status = entry(statusOfReceipt, receiptType) ?? null
  const { chat, sender: by } = source
  // What the account itself has read or played, on another device, are others' messages.
  const fromMe = !receiptType.endsWith('-self')
  const word = receiptType === 'delivered' ? '' : receiptType
  return joined(
    ids.map((messageId) => {
      const about = { origin, raw: event, chat, messageId, fromMe, at: event['Timestamp'] }
      if (status !== null) return mapped(statusEvent(about, status, by, word))
      const receipt = { chat, messageId, fromMe, by, receiptType: word }
      return mapped(make(origin, 'message.receipt', event, event['Timestamp'], receipt))
    }),
  )
}
