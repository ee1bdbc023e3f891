/** One WhatsApp message object in its envelope → canonical events; shared by all gateways that pass WhatsApp's own messages on. */
import {
  emptyContent,
  type KeyRef,
  type Reading,
  readMessage,
} from '../../whatsapp/message/content.ts'
import { normaliseJid } from '../../whatsapp/identity/jid.ts'
import type { Chat, MessageStatus, Person } from '../../whatsapp/message/message.ts'
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
  status: MessageStatus | null
  sentBy: 'api' | 'device' | null
  replayed: boolean
  /** Through whose eyes `fromMe` of a reaction's or vote's target is written: Baileys turns it round to the account's. */
  keysAre: 'account' | 'sender'
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
  switch (reading.kind) {
    case 'content': {
      const { content } = reading
      if (envelope.viewOnce) content.viewOnce = true
      const { base64, url, fileName, mimetype } = envelope.stored ?? {}
      if (base64 || url) {
        content.media = {
          ...(fileName ? { fileName } : {}),
          ...(mimetype ? { mimetype } : {}),
          ...content.media,
        }
        if (base64) content.media.base64 = base64
        if (url) content.media.storedUrl = url
      }
      const { status, sentBy, replayed } = envelope
      const fields = { chat, messageId, fromMe, sender, content, status, origin: sentBy, replayed }
      return mapped(make(origin, fromMe ? 'message.sent' : 'message.received', raw, at, fields))
    }
    case 'edit':
      // Only its author can edit a message.
      return mapped(
        make(origin, 'message.edited', raw, reading.atMs ?? at, {
          ...carried(envelope, reading.target, fromMe),
          content: reading.content,
        }),
      )
    case 'revoke':
      return mapped(
        make(
          origin,
          'message.deleted',
          raw,
          at,
          carried(envelope, reading.target, isMine(envelope, reading.target, 'sender')),
        ),
      )
    case 'reaction': {
      const about = carried(
        envelope,
        reading.target,
        isMine(envelope, reading.target, envelope.keysAre),
      )
      return mapped(
        make(origin, 'message.reaction', raw, reading.atMs ?? at, {
          ...about,
          emoji: reading.emoji,
          removed: reading.emoji === '',
        }),
      )
    }
    case 'poll_vote': {
      const about = carried(
        envelope,
        reading.target,
        isMine(envelope, reading.target, envelope.keysAre),
      )
      return mapped(
        make(origin, 'message.poll_vote', raw, reading.atMs ?? at, {
          ...about,
          options: reading.options,
        }),
      )
    }
    case 'event_response': {
      const about = carried(
        envelope,
        reading.target,
        isMine(envelope, reading.target, envelope.keysAre),
      )
      return mapped(
        make(origin, 'message.event_response', raw, at, { ...about, response: reading.response }),
      )
    }
    case 'ephemeral':
      return chat.kind === 'group'
        ? mapped(
            make(origin, 'group.updated', raw, at, {
              chat,
              by: sender,
              changes: { ephemeralSeconds: reading.seconds },
            }),
          )
        : mapped(
            make(origin, 'chat.updated', raw, at, {
              chat,
              changes: { ephemeralSeconds: reading.seconds },
            }),
          )
    case 'protocol':
      return skipped(
        origin.name,
        reading.secret ? 'key material' : `housekeeping between WhatsApp clients (${reading.name})`,
      )
    case 'empty':
      return skipped(origin.name, reading.keys ? 'key material' : 'a message without content')
  }
}

function carried(envelope: Envelope, target: KeyRef, fromMe: boolean) {
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
function isMine(envelope: Envelope, target: KeyRef, keysAre: 'account' | 'sender'): boolean {
  if (keysAre === 'account') return target.fromMe
  // The sender says "from me": so it is the account's exactly if the sender is the account.
  if (target.fromMe) return envelope.fromMe
  if (envelope.chat.kind === 'person') return !envelope.fromMe
  const author = normaliseJid(target.participant)
  const { me } = envelope.origin
  return author !== null && me !== null && (author === me.id || author === me.altId)
}

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
  const type = (
    {
      server_ack: 'message.server_ack',
      delivered: 'message.delivered',
      read: 'message.read',
      played: 'message.played',
    } as const
  )[status]
  const word =
    receiptType ??
    ({ server_ack: 'sender', delivered: '', read: 'read', played: 'played' } as const)[status]
  return make(origin, type, raw, at, { chat, messageId, fromMe, status, by, receiptType: word })
}

/** The steps that a status implies: Baileys may hand over an own message only once it was read. */
export function stepsUpTo(status: MessageStatus | null): MessageStatus[] {
  return status === null ? [] : steps.slice(0, steps.indexOf(status) + 1)
}

/** A message that could not be decrypted (yet). */
export function undecryptable(envelope: Envelope, reason: string | null): Mapped {
  const { origin, raw, chat, messageId, fromMe, sender, at, viewOnce = false } = envelope
  return mapped(
    make(origin, 'message.undecryptable', raw, at, {
      chat,
      messageId,
      fromMe,
      sender,
      reason,
      viewOnce,
    }),
  )
}

/** A system message: a stub without content. */
export function stubMessage(envelope: Envelope, type: string, parameters: string[]): Mapped {
  return readingEvents(envelope, {
    kind: 'content',
    content: { ...emptyContent('system'), stub: { type, parameters } },
  })
}
