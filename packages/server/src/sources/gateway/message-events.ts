/**
 * One WhatsApp message object in its envelope → canonical events; shared by all gateways that pass WhatsApp's
 * own messages on.
 */
import {
  emptyContent,
  type KeyRef,
  type Reading,
  readMessage,
} from '../../whatsapp/message/content.ts'
import { normaliseJid, personOf } from '../../whatsapp/identity/jid.ts'
import { present } from '../../whatsapp/message/present.ts'
import type { EventFields } from '../../whatsapp/event-fields.ts'
import type { EventType } from '../../whatsapp/whatsapp.ts'
import type { Chat, MessageContent, MessageStatus, Person } from '../../whatsapp/message/message.ts'
import { make, mapped, type Origin, skipped } from './origin.ts'
import type { Mapped } from './gateway.ts'

export interface Envelope {
  origin: Origin
  raw: unknown
  chat: Chat
  sender: Person | null
  fromMe: boolean
  messageId: string
  at: unknown
  /** null unless it is given. */
  status?: MessageStatus | null
  sentBy?: 'api' | 'device' | null
  replayed?: boolean
  /**
   * Through whose eyes `fromMe` of a reaction's or vote's target is written: the sender's, unless Baileys
   * turned it round to the account's.
   */
  keysAre?: 'account' | undefined
  viewOnce?: boolean
  /** The file, where the gateway keeps it or sends it along. */
  stored?: {
    base64?: string | null
    url?: string | null
    fileName?: string | null
    mimetype?: string | null
  }
}

/** `message` in Baileys' spelling. */
export function messageEvents(envelope: Envelope, message: unknown): Mapped {
  return readingEvents(envelope, readMessage(message))
}

export function readingEvents(envelope: Envelope, reading: Reading): Mapped {
  const { origin, raw, chat, sender, fromMe, messageId, at } = envelope
  function one<Type extends EventType>(
    type: Type,
    time: unknown,
    fields: EventFields[Type],
  ): Mapped {
    return mapped(make(origin, type, raw, time, fields))
  }
  switch (reading.kind) {
    case 'content': {
      const content = withStored(reading.content, envelope)
      const { status = null, sentBy = null, replayed = false } = envelope
      const fields = { chat, messageId, fromMe, sender, content, status, origin: sentBy, replayed }
      return one(fromMe ? 'message.sent' : 'message.received', at, fields)
    }
    case 'edit': {
      // Only its author can edit a message.
      const about = carried(envelope, reading.target, fromMe)
      return one('message.edited', reading.atMs ?? at, { ...about, content: reading.content })
    }
    case 'revoke': {
      const fromSender = { ...envelope, keysAre: undefined }
      return one(
        'message.deleted',
        at,
        carried(envelope, reading.target, isMine(fromSender, reading.target)),
      )
    }
    case 'reaction': {
      const { target, emoji, atMs } = reading
      const about = carried(envelope, target)
      return one('message.reaction', atMs ?? at, { ...about, emoji, removed: emoji === '' })
    }
    case 'poll_vote': {
      const { target, options, atMs } = reading
      return one('message.poll_vote', atMs ?? at, { ...carried(envelope, target), options })
    }
    case 'event_response': {
      const { target, response } = reading
      return one('message.event_response', at, { ...carried(envelope, target), response })
    }
    case 'ephemeral': {
      const changes = { ephemeralSeconds: reading.seconds }
      return chat.kind === 'group'
        ? one('group.updated', at, { chat, by: sender, changes })
        : one('chat.updated', at, { chat, changes })
    }
    case 'protocol':
      return skipped(
        origin.name,
        reading.secret ? 'key material' : `housekeeping between WhatsApp clients (${reading.name})`,
      )
    case 'empty':
      return skipped(origin.name, reading.keys ? 'key material' : 'a message without content')
  }
}

/** The content with the file that the gateway keeps or sent along. */
function withStored(content: MessageContent, { viewOnce, stored = {} }: Envelope): MessageContent {
  const { base64, url, fileName, mimetype } = stored
  if (viewOnce) content.viewOnce = true
  if (!base64 && !url) return content
  content.media = {
    ...present({ fileName, mimetype }),
    ...content.media,
    ...present({ base64, storedUrl: url }),
  }
  return content
}

function carried(envelope: Envelope, target: KeyRef, fromMe = isMine(envelope, target)) {
  const { chat, sender, messageId } = envelope
  return {
    chat,
    messageId: target.id,
    fromMe,
    sender,
    carrierId: messageId === '' ? null : messageId,
    byMe: envelope.fromMe,
  }
}

/** Whether the message that a key names is the account's own. */
function isMine(envelope: Envelope, target: KeyRef): boolean {
  if (envelope.keysAre === 'account') return target.fromMe
  // The sender says "from me": so it is the account's exactly if the sender is the account.
  if (target.fromMe) return envelope.fromMe
  if (envelope.chat.kind === 'person') return !envelope.fromMe
  const author = normaliseJid(target.participant)
  const { me } = envelope.origin
  return author !== null && me !== null && (author === me.id || author === me.altId)
}

const receiptOf = {
  server_ack: ['message.server_ack', 'sender'],
  delivered: ['message.delivered', ''],
  read: ['message.read', 'read'],
  played: ['message.played', 'played'],
} as const

const steps: MessageStatus[] = ['delivered', 'read', 'played']

/** One event for a step that a message took; null for `pending`, which says nothing. */
export function statusEvent(
  about: Pick<Envelope, 'origin' | 'raw' | 'chat' | 'messageId' | 'fromMe' | 'at'>,
  status: MessageStatus,
  by: Person | null,
  receiptType: string | null = null,
  failure: { code: string | null; message: string } = {
    code: null,
    message: 'WhatsApp refused the message',
  },
) {
  const { origin, raw, chat, messageId, fromMe, at } = about
  if (status === 'pending') return null
  if (status === 'failed')
    return make(origin, 'message.failed', raw, at, {
      chat,
      messageId,
      fromMe,
      error: failure,
      receiptType,
    })
  const [type, word] = receiptOf[status]
  const more = { chat, messageId, fromMe, status, by, receiptType: receiptType ?? word }
  return make(origin, type, raw, at, more)
}

/**
 * Whose receipt a status is: in a chat of two the other side's for own messages, the account's own for those of
 * others.
 */
export function receiptBy(
  about: Pick<Envelope, 'origin' | 'chat' | 'fromMe'>,
  member: Person | null = null,
) {
  const { origin, chat, fromMe } = about
  if (!fromMe) return origin.me
  return chat.kind === 'person' ? personOf(chat.id, chat.altId) : member
}

/** whatsmeow's word for a status: what the account has read or played itself, on another device, is `…-self`. */
export function receiptWord(fromMe: boolean, status: MessageStatus): string | null {
  return fromMe || (status !== 'read' && status !== 'played') ? null : `${status}-self`
}

/** The steps that a status implies: Baileys may hand over an own message only once it was read. */
export function stepsUpTo(status: MessageStatus | null): MessageStatus[] {
  return status === null ? [] : steps.slice(0, steps.indexOf(status) + 1)
}

/** A message that could not be decrypted (yet). */
export function undecryptable(envelope: Envelope, reason: string | null): Mapped {
  const { origin, raw, chat, messageId, fromMe, sender, at, viewOnce = false } = envelope
  const fields = { chat, messageId, fromMe, sender, reason, viewOnce }
  return mapped(make(origin, 'message.undecryptable', raw, at, fields))
}

/** A system message: a stub without content. */
export function stubMessage(envelope: Envelope, type: string, parameters: string[]): Mapped {
  return readingEvents(envelope, {
    kind: 'content',
    content: { ...emptyContent('system'), stub: { type, parameters } },
  })
}
