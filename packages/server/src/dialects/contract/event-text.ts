/** What of an event is passed on as JSON text, so that every digit stays. */
import { memberText } from '../../core/json.ts'
import type { WhatsAppEvent } from '../../whatsapp/whatsapp.ts'

/** The gateway's own event, from the payload of a canonical one. */
export function rawEventText(payload: string): string {
  return memberText(memberText(payload, 'raw') ?? '{}', 'event') ?? 'null'
}

/** The canonical event itself, which looks the same from every gateway: for what a dialect has no word for. */
export function canonicalText(event: WhatsAppEvent): string {
  const { raw: _, ...own } = event
  return JSON.stringify(own)
}
