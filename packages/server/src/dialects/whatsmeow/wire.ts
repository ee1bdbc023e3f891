import { preferredId } from '../../whatsapp/identity/event-identity.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'

type Someone = Chat | Person | { id: string; altId: string | null }

/** As Go marshals a time.Time: no fraction where it is zero. */
export function goTime(iso: string): string {
  return iso.replace(/\.(\d*?)0+Z$/, (_, digits: string) => (digits === '' ? 'Z' : `.${digits}Z`))
}

export function goTimeOrNull(iso: string | null): string | null {
  return iso === null ? null : goTime(iso)
}

/**
 * The phone number's JID where it is known, as the document shows it; `""` for nobody, as whatsmeow marshals an
 * empty JID.
 */
export function jid(one: Someone | null): string {
  return one === null ? '' : preferredId(one)
}

/** `{[name]: the other JID}`, or nothing where only one is known. */
export function alt(name: string, one: Someone | null): Record<string, string> {
  if (one === null || one.altId === null) return {}
  return { [name]: preferredId(one) === one.id ? one.altId : one.id }
}

/** `{[name]: value}`, or nothing for null, undefined and an empty list. */
export function given(name: string, value: unknown): Record<string, unknown> {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0)
    ? {}
    : { [name]: value }
}
