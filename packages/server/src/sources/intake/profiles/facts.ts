/** What an event says about people and chats beside its news, and what is put into it of that. Pure. */
import { isLid, phoneOf } from '../../../whatsapp/identity/jid.ts'
import type { Chat, Person } from '../../../whatsapp/message/message.ts'
import { applyByType, type ByType, type WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'

/** What is known of one JID. */
export interface Profile {
  /** The same one's phone number of a LID, or the other way round. */
  altId: string | null
  name: string | null
  imageUrl: string | null
}

/** Something that was told of one JID. */
export interface Fact {
  id: string
  altId?: string
  name?: string
  /** null: it has none any more, or another one that was not told. */
  imageUrl?: string | null
}

/** Everything the event tells. */
export function factsOf(event: WhatsAppEvent): Fact[] {
  // What the event is about comes last, and so wins.
  const facts = [...inPassing(event), ...(applyByType(told, event) ?? [])]
  return facts
    .flatMap(bothWays)
    .filter(({ id, ...fact }) => id !== '' && Object.keys(fact).length > 0)
}

/** A group's or channel's name is in every message of it; a person's in what that person sends. */
function inPassing(event: WhatsAppEvent): Fact[] {
  const facts: Fact[] = []
  const chat = 'chat' in event ? event.chat : null
  if (chat) facts.push(chat.kind === 'person' ? identities(chat) : namedOf(chat))
  const own = 'byMe' in event ? event.byMe : 'fromMe' in event && event.fromMe === true
  const sender = 'sender' in event ? event.sender : null
  // Gateways call the account itself "You", in whatever language.
  if (sender) facts.push(own ? identities(sender) : namedOf(sender))
  for (const one of othersOf(event)) facts.push(namedOf(one))
  return facts
}

const told: ByType<Fact[]> = {
  'contact.created': ({ contact }) => [namedOf(contact)],
  'contact.updated': ({ contact }) => [
    {
      ...namedOf(contact),
      ...(contact.imageChanged && contact.imageUrl === null ? { imageUrl: null } : {}),
    },
  ],
  'contact.listed': ({ contacts }) => contacts.map(namedOf),
  'contact.push_name_updated': ({ contact }) => [namedOf(contact)],
  'contact.business_name_updated': ({ contact }) => [namedOf(contact)],
  'contact.lid_mapped': ({ contact }) => [namedOf(contact)],
  'contact.picture_updated': ({ contact, picture }) => [
    { id: contact.id, imageUrl: picture.removed ? null : picture.url },
  ],
  'group.picture_updated': ({ chat, picture }) => [
    { id: chat.id, imageUrl: picture.removed ? null : picture.url },
  ],
  'group.updated': ({ chat, changes }) => [named(chat.id, changes.name)],
  'group.joined': ({ participants }) => (participants ?? []).map(namedOf),
  'chat.created': ({ chat }) => [namedOf(chat)],
  'chat.updated': ({ chat }) => [namedOf(chat)],
  'chat.listed': ({ chats }) => chats.map(namedOf),
}

function othersOf(event: WhatsAppEvent): Person[] {
  const by = 'by' in event ? event.by : null
  const participants = 'participants' in event ? event.participants : null
  const participant = 'participant' in event ? event.participant : null
  return [by, participant, ...(Array.isArray(participants) ? participants : [])].filter(
    (one) => one !== null,
  )
}

function named(id: string, name: string | null | undefined): Fact {
  return name ? { id, name } : { id }
}

function identities(one: { id: string; altId: string | null }): Fact {
  return one.altId === null ? { id: one.id } : { id: one.id, altId: one.altId }
}

function namedOf(one: Chat | Person): Fact {
  const { name, imageUrl } = one
  return { ...identities(one), ...(name ? { name } : {}), ...(imageUrl ? { imageUrl } : {}) }
}

/** What is told of a LID is true of its phone number. */
function bothWays(fact: Fact): Fact[] {
  if (fact.altId === undefined) return [fact]
  const { id, altId, ...rest } = fact
  // A pair of two phone numbers, or of two LIDs, is no mapping.
  if (isLid(id) === isLid(altId)) return [{ id, ...rest }]
  return [fact, { id: altId, altId: id, ...rest }]
}

/** The JIDs of whom the event does not say everything. */
export function unknownIn(event: WhatsAppEvent): string[] {
  const people = peopleIn(event).filter(
    (one) => one.name === null || one.imageUrl === null || (one.altId === null && 'phone' in one),
  )
  return [...new Set(people.map((one) => one.id))]
}

/** Puts what is known where the event says nothing, changing it. What the event says is never replaced. */
export function fillIn(event: WhatsAppEvent, known: (id: string) => Profile | undefined): void {
  for (const one of peopleIn(event)) {
    const profile = known(one.id)
    const other = one.altId ?? profile?.altId ?? null
    const alternative = other === null ? undefined : known(other)
    one.altId = other
    one.name ??= profile?.name ?? alternative?.name ?? null
    one.imageUrl ??= profile?.imageUrl ?? alternative?.imageUrl ?? null
    if ('phone' in one) one.phone ??= phoneOf(other)
  }
}

function peopleIn(event: WhatsAppEvent): (Chat | Person)[] {
  const chat = 'chat' in event ? event.chat : null
  const sender = 'sender' in event ? event.sender : null
  return [chat, sender, ...othersOf(event)].filter((one) => one !== null)
}
