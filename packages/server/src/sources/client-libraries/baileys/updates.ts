/** What Baileys tells about messages that exist already: status, edits, revokes, reactions, receipts, deletions. */
import { readMessage } from '../../../whatsapp/message/content.ts'
import { chatOf, personOf } from '../../../whatsapp/identity/jid.ts'
import { fields, list, text } from '../../../core/json-values.ts'
import { toIso, toNumber, toStatus } from '../../../whatsapp/wire/json-shapes.ts'
import {
  baileysMessageEvents,
  deletion,
  failureOf,
  type Keyed,
  readBaileysKey,
  stubType,
} from './message.ts'
import { event } from '../../gateway/mapping.ts'
import { readingEvents, receiptBy, receiptWord, statusEvent } from '../../gateway/message-events.ts'
import { fallback, joined, make, mapped, type Origin } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

/** `messages.update`: one `{key, update}`. An update may say several things at once. */
export function messageUpdate(origin: Origin, raw: unknown): Mapped {
  const item = fields(raw)
  const update = fields(item?.['update'])
  const keyed = readBaileysKey(origin, item?.['key'])
  if (!keyed || !update) return mapped(fallback(origin, raw))
  const at = update['messageTimestamp']
  const about = { origin, raw, ...keyed, at }
  const parts: Mapped[] = []

  if (
    update['message'] === null ||
    (update['message'] === undefined && stubType(update) === 'REVOKE')
  ) {
    parts.push(deletion(about, keyed, readBaileysKey(origin, update['key'])))
  } else if (fields(update['message'])) {
    parts.push(newContent(origin, raw, keyed, update, item!['key']))
  }
  const status = toStatus(update['status'])
  if (status !== null) {
    const word = receiptWord(keyed.fromMe, status)
    parts.push(mapped(statusEvent(about, status, receiptBy(about), word, failureOf(update))))
  }
  if (typeof update['starred'] === 'boolean') {
    parts.push(
      mapped(make(origin, 'message.starred', raw, at, { ...idOf(keyed), on: update['starred'] })),
    )
  }
  for (const vote of list(update['pollUpdates'])) parts.push(pollVote(origin, raw, keyed, vote))
  if (parts.some(({ events, skipped }) => events.length + skipped.length > 0)) return joined(parts)
  const { chat, sender, fromMe } = keyed
  return mapped(fallback(origin, raw, at, { chat, sender, fromMe }))
}

function idOf(keyed: Keyed) {
  return { chat: keyed.chat, messageId: keyed.messageId, fromMe: keyed.fromMe }
}

/** `keyed` names the message that it is about. */
function carriedBy(keyed: Keyed, carrier: Keyed | null) {
  return {
    ...idOf(keyed),
    sender: carrier?.sender ?? null,
    carrierId: carrier?.messageId ?? null,
    byMe: carrier?.fromMe ?? false,
  }
}

/** New text of an edited message, or the content of one that could not be decrypted before. */
function newContent(
  origin: Origin,
  raw: unknown,
  keyed: Keyed,
  update: Record<string, unknown>,
  key: unknown,
): Mapped {
  const edited = fields(fields(update['message'])?.['editedMessage'])
  if (!edited) return baileysMessageEvents(origin, { ...update, key }, { replayed: false })
  const reading = readMessage(edited['message'])
  if (reading.kind !== 'content') {
    const envelope = {
      origin,
      raw,
      ...keyed,
      at: update['messageTimestamp'],
      keysAre: 'account' as const,
    }
    return readingEvents({ ...envelope, messageId: '' }, reading)
  }
  const fields_ = {
    ...idOf(keyed),
    sender: keyed.sender,
    carrierId: null,
    byMe: keyed.fromMe,
    content: reading.content,
  }
  return mapped(make(origin, 'message.edited', raw, update['messageTimestamp'], fields_))
}

function pollVote(origin: Origin, raw: unknown, keyed: Keyed, value: unknown): Mapped {
  const vote = fields(value)
  const carrier = readBaileysKey(origin, vote?.['pollUpdateMessageKey'])
  const chosen = fields(vote?.['vote'])?.['selectedOptions']
  // Options come as hashes (bytes) or, from Evolution, as names.
  const options =
    Array.isArray(chosen) && chosen.every((option) => typeof option === 'string')
      ? (chosen as string[])
      : null
  return mapped(
    make(origin, 'message.poll_vote', raw, vote?.['senderTimestampMs'], {
      ...carriedBy(keyed, carrier),
      options,
    }),
  )
}

/** `message-receipt.update`: one `{key, receipt}`, of one member of a group or of one who saw a status. */
export function receiptUpdate(origin: Origin, raw: unknown): Mapped {
  const item = fields(raw)
  const receipt = fields(item?.['receipt'])
  const keyed = readBaileysKey(origin, item?.['key'])
  if (!keyed || !receipt) return mapped(fallback(origin, raw))
  const by = personOf(receipt['userJid'], receipt['userJidAlt'])
  const step = (status: 'delivered' | 'read' | 'played', at: unknown) =>
    toNumber(at) ? statusEvent({ origin, raw, ...keyed, at }, status, by) : null
  const events = mapped(
    step('delivered', receipt['receiptTimestamp']),
    step('read', receipt['readTimestamp']),
    step('played', receipt['playedTimestamp']),
  )
  return events.events.length > 0
    ? events
    : mapped(
        fallback(origin, raw, undefined, { chat: keyed.chat, sender: by, fromMe: keyed.fromMe }),
      )
}

/** `messages.reaction`: one `{key, reaction}`, where the key is the target's and the reaction's own key is inside. */
export const reaction = event(
  'message.reaction',
  (item, origin) => {
    const inside = fields(item['reaction'])
    const keyed = readBaileysKey(origin, item['key'])
    if (!keyed || !inside) return null
    const emoji = text(inside['text']) ?? ''
    const about = carriedBy(keyed, readBaileysKey(origin, inside['key']))
    return { ...about, emoji, removed: emoji === '' }
  },
  'reaction.senderTimestampMs',
)

/** `messages.delete`: for the account only; all of a chat, or some keys. */
export function deletedForMe(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const chat = chatOf(item?.['jid'])
  if (item?.['all'] === true && chat)
    return mapped(make(origin, 'chat.cleared', data, undefined, { chat }))
  const keys = list(item?.['keys'])
  if (keys.length === 0) return mapped(fallback(origin, data))
  return joined(
    keys.map((key) => {
      const keyed = readBaileysKey(origin, key)
      return mapped(
        keyed
          ? make(origin, 'message.deleted_for_me', { key }, undefined, idOf(keyed))
          : fallback(origin, { key }),
      )
    }),
  )
}

/** `messages.media-update`: `{key, media?, error?}`; the media part is ciphertext and stays in the raw event. */
export const mediaUpdate = event('message.media_retry', ({ key, error }, origin) => {
  const keyed = readBaileysKey(origin, key)
  if (!keyed) return null
  const reason = text(fields(error)?.['message']) ?? text(error)
  const failed = error !== undefined && error !== null
  return {
    ...idOf(keyed),
    error: failed ? (reason ?? 'media could not be uploaded again') : null,
  }
})

/**
 * `messages.upsert`: `{messages, type}`; one event per message. `append` holds real messages too: those that
 * waited on the server.
 */
export function upsert(origin: Origin, data: unknown): Mapped {
  const batch = fields(data)
  const messages = Array.isArray(data) ? data : list(batch?.['messages'])
  if (messages.length === 0) return mapped(fallback(origin, data))
  const replayed = batch?.['type'] === 'append'
  return joined(
    messages.map((message) => {
      const item = fields(message)
      return item
        ? baileysMessageEvents(origin, item, { replayed })
        : mapped(fallback(origin, message))
    }),
  )
}

/** `presence.update`: `{id, presences: {jid: {lastKnownPresence, lastSeen?}}}`. */
export function presence(origin: Origin, data: unknown): Mapped {
  const chat = chatOf(fields(data)?.['id'])
  const presences = Object.entries(fields(fields(data)?.['presences']) ?? {})
  if (!chat || presences.length === 0) return mapped(fallback(origin, data))
  return joined(
    presences.map(([jid, value]) => {
      const sender = personOf(jid)
      const state = fields(value)?.['lastKnownPresence']
      const raw = { id: chat.id, presences: { [jid]: value } }
      if (sender && (state === 'available' || state === 'unavailable')) {
        const lastSeenAt = toIso(fields(value)?.['lastSeen'])
        return mapped(
          make(origin, 'presence.updated', raw, undefined, { chat, sender, state, lastSeenAt }),
        )
      }
      if (sender && (state === 'composing' || state === 'recording' || state === 'paused')) {
        return mapped(
          make(origin, 'chat_presence.updated', raw, undefined, { chat, sender, state }),
        )
      }
      return mapped(fallback(origin, raw, undefined, { chat, sender }))
    }),
  )
}
