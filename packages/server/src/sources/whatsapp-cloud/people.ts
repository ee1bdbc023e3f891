import { fields, type Fields, list, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { Chat, Person } from '../../whatsapp/message/message.ts'

/** A number as Meta writes it (`15550783881`, `+1 555-078-3881`) as a JID; null for anything else. */
export function phoneJid(value: unknown): string | null {
  const digits = (text(value) ?? '').replaceAll(/\D/g, '')
  return digits === '' ? null : `${digits}@s.whatsapp.net`
}

/** A business-scoped user id (`BR.1349…`): who has a username need not show a number. */
export function scopedJid(value: unknown): string | null {
  const id = text(value)
  return id !== null && /^[A-Z]{2}\.\w+$/i.test(id) ? `${id}@bsuid` : null
}

/** Somebody by number and business-scoped id, either of which may be missing, with the name of the contact list. */
export function someone(value: Fields, phone: unknown, scoped: unknown): Person | null {
  const [byPhone, byScope] = [phoneJid(phone), scopedJid(scoped)]
  const contact = list(value['contacts'])
    .map(fields)
    .find(
      (one) =>
        one !== undefined &&
        ((byPhone !== null && phoneJid(one['wa_id']) === byPhone) ||
          (byScope !== null && scopedJid(one['user_id']) === byScope)),
    )
  const id = byPhone ?? byScope ?? phoneJid(contact?.['wa_id'])
  const alt = id === byScope ? null : (byScope ?? scopedJid(contact?.['user_id']))
  return id === null ? null : personOf(id, alt, text(fields(contact?.['profile'])?.['name']))
}

/** The group where one is named, else the chat with this person. */
export function chatWith(person: Person | null, groupId: unknown): Chat | null {
  const group = text(groupId)
  if (group !== null) return chatOf(group.includes('@') ? group : `${group}@g.us`)
  return person && chatOf(person.id, person.altId, person.name)
}
