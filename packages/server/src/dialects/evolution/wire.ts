import { baileysKey } from '../../whatsapp/wire/baileys.ts'
import { preferredId } from '../../whatsapp/identity/event-identity.ts'
import { isLid, normaliseJid } from '../../whatsapp/identity/jid.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'
import type { Fields } from '../../core/json-values.ts'

/** What the data of an event needs to know besides the event. */
export interface Around {
  instance: string
  instanceId: string
  /** Whether a file that was sent along is passed on. */
  base64: boolean
}

/** Evolution puts the phone number first wherever it knows it, and the hidden identity into the `…Alt`. */
function byPhone<One extends Chat | Person | null>(one: One): One {
  if (one === null || !isLid(one.id) || one.altId === null) return one
  return { ...one, id: one.altId, altId: one.id }
}

export function keyOf(
  event: { chat: Chat; messageId: string; fromMe: boolean },
  author: Person | null,
): Fields {
  return baileysKey({ ...event, chat: byPhone(event.chat) }, byPhone(author))
}

export function jid(one: Chat | Person | null): string | null {
  return one === null ? null : preferredId(one)
}

/** Of an id alone, where that is all there is. */
export function jidOf(id: string): string {
  return normaliseJid(id) ?? id
}

/** What WhatsApp's clients are told by: the form of the ids they choose (Baileys' getDevice). */
export function deviceOf(messageId: string): string {
  if (/^3A.{18}$/.test(messageId)) return 'ios'
  if (/^3E.{20}$/.test(messageId)) return 'web'
  if (/^(.{21}|.{32})$/.test(messageId)) return 'android'
  return /^(3F|.{18}$)/.test(messageId) ? 'desktop' : 'unknown'
}

/** `{[name]: value}`, or nothing for null and undefined. */
export function given(name: string, value: unknown): Fields {
  return value === null || value === undefined ? {} : { [name]: value }
}
