/** When two reports are of one event, and which events must stay in order. */
import { createHash } from 'node:crypto'
import { applyByType, type ByType, type EventOf, type WhatsAppEvent } from '../whatsapp.ts'
import { isLid } from './jid.ts'
import type { Chat, MessageContent, Person } from '../message/message.ts'

/**
 * The deduplication keys of an event: a repeat has at least one of them. Two keys where a chat or a member is
 * known by both phone number and LID, so that a report under either one meets a report under the other; none
 * for events that may rightly come twice. WhatsApp's message ids are chosen by the sender's client: they are
 * unique only together with chat, direction and, in groups, sender.
 *
 * A message may be changed many times within a second. So each change is known by the id of the message that
 * carried it; where the gateway does not tell that, by the millisecond and what it says. Never by the second alone.
 */
export function identity(event: WhatsAppEvent): string[] {
  const parts = applyByType(keysOf, event) ?? []
  const keys = new Set(parts.map((part) => `${event.session}|${part}`))
  // A time that the gateway does not tell is that of receipt, another one for every repeat.
  if (
    event.raw.id !== null &&
    (parts.length === 0 || parts.some((part) => /^[a-z]+@\d/.test(part)))
  ) {
    keys.add(`${event.session}|raw|${event.raw.source}|${event.type}|${event.raw.id}`)
  }
  return [...keys]
}

const keysOf: ByType<string[]> = {
  'message.received': (event) => ofMessage(event, 'message', event.sender),
  'message.sent': (event) => ofMessage(event, 'message', event.sender),
  // Not 'message': the readable message follows under the same id, and is no repeat.
  'message.undecryptable': (event) => ofMessage(event, 'undecryptable', event.sender),
  'message.server_ack': ofReceipt,
  'message.delivered': ofReceipt,
  'message.read': ofReceipt,
  'message.played': ofReceipt,
  'message.failed': (event) => ofMessage(event, 'failed', null),
  'message.deleted': (event) => ofMessage(event, 'deleted', null),
  'message.deleted_for_me': (event) => ofMessage(event, 'deleted-for-me', null),
  'message.edited': ofEdit,
  'message.reaction': (event) => ofCarried(event, 'reaction', event.emoji),
  // Of a count of votes, and of a vote that stays encrypted, the gateway's own words tell one from the next.
  'message.poll_vote': (event) => ofCarried(event, 'vote', event.options ?? event.raw.event),
  'message.event_response': (event) => ofCarried(event, 'response', event.response),
  'call.offered': ofCall,
  'call.offer_notice': ofCall,
  'call.ringing': ofCall,
  'call.preaccepted': ofCall,
  'call.accepted': ofCall,
  'call.rejected': ofCall,
  'call.terminated': ofCall,
  'call.timeout': ofCall,
}

function ofReceipt(
  event: EventOf<'message.server_ack' | 'message.delivered' | 'message.read' | 'message.played'>,
): string[] {
  return ofMessage(
    event,
    event.receiptType.endsWith('-self') ? `${event.status}-self` : event.status,
    event.by,
  )
}

/** By the carrying message where it is known, else by who did what when: then a repeat is better told by its bytes. */
function ofCarried(
  event: EventOf<'message.reaction' | 'message.poll_vote' | 'message.event_response'>,
  what: string,
  said: unknown,
): string[] {
  const carrierId = carrierOf(event)
  return carrierId === null
    ? ofMessage(event, `${what}@${Date.parse(event.at)}#${hashOf(said)}`, event.sender)
    : ofMessage(event, `${what}:${carrierId}`, null)
}

/**
 * These tell an edit with the id of its own message or without, or both ways: what all ways have is its time and its
 * text. So two edits of Baileys to the same text within a second are one.
 */
const tellEditsTwice = new Set(['baileys', 'evolution'])

function ofEdit(event: EventOf<'message.edited'>): string[] {
  const carrierId = carrierOf(event)
  const byCarrier = carrierId === null ? [] : ofMessage(event, `edited:${carrierId}`, null)
  if (carrierId !== null && !tellEditsTwice.has(event.raw.source)) return byCarrier
  const times = [String(Date.parse(event.at))]
  // Baileys' `messages.update` has the second only of what `messages.upsert` has to the millisecond.
  if (event.raw.source === 'baileys') times.push(`${event.timestamp}s`)
  const said = hashOf(wordsOf(event.content))
  return [
    ...byCarrier,
    ...times.flatMap((time) => ofMessage(event, `edited@${time}#${said}`, null)),
  ]
}

/** The id of the change's own message. Some gateways give the target's instead, which tells no change from the next. */
function carrierOf(event: { carrierId: string | null; messageId: string }): string | null {
  return event.carrierId === event.messageId ? null : event.carrierId
}

/** What two reports of one content have in common, whatever else the one of them leaves out. */
function wordsOf({ type, text, location, contacts, poll, event }: MessageContent): unknown {
  return { type, text, location, contacts, poll, event }
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(jsonText(value)).digest('base64url').slice(0, 22)
}

/** JSON.stringify does not follow a gateway's words down to any depth: what it cannot is told by its bytes alone. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch (error) {
    if (error instanceof RangeError) return ''
    throw error
  }
}

function ofCall(event: { type: string; callId: string }): string[] {
  return [`${event.type}|${event.callId}`]
}

function ofMessage(
  event: { chat: Chat; messageId: string; fromMe: boolean },
  what: string,
  someone: Person | null,
): string[] {
  // In a chat of two the other side follows from chat and direction.
  const members = event.chat.kind === 'person' || !someone ? [''] : bothIds(someone)
  return bothIds(event.chat).flatMap((chat) =>
    members.map((member) =>
      [what, chat, event.messageId, event.fromMe ? 'me' : '', member].join('|'),
    ),
  )
}

function bothIds(one: { id: string; altId: string | null }): string[] {
  return one.altId === null ? [one.id] : [one.id, one.altId]
}

/** The phone number where both are known, so that the key does not change with the gateway's way of addressing. */
export function preferredId(one: { id: string; altId: string | null }): string {
  return isLid(one.id) && one.altId !== null ? one.altId : one.id
}

/** Events of one chat stay in order; those of no chat, in the session's. */
export function orderingKey(event: WhatsAppEvent): string {
  const chat = 'chat' in event ? event.chat : null
  return chat ? `${event.session}:${preferredId(chat)}` : event.session
}
