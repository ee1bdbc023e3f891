/** whatsmeow's group and contact structs → canonical events. */
import type { EventFields } from '../../../whatsapp/event-fields.ts'
import { chatOf, normaliseJid, personOf } from '../../../whatsapp/identity/jid.ts'
import type { Person } from '../../../whatsapp/message/message.ts'
import { fields, type Fields, firstText, list, text } from '../../../core/json-values.ts'
import { toIso, toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { fallback, make, mapped, type Origin } from '../../gateway/origin.ts'
import type { Mapped } from '../../gateway/gateway.ts'

function people(value: unknown): Person[] {
  return list(value).flatMap((jid) => personOf(jid) ?? [])
}

/** Members come and go in lists; everything else that changed is one event. A notification mostly holds one change. */
export function groupInfo(origin: Origin, event: Fields): Mapped {
  const name = fields(event['Name'])
  const chat = chatOf(event['JID'], undefined, text(name?.['Name']))
  if (!chat) return mapped(fallback(origin, event, event['Timestamp']))
  const by = personOf(event['Sender'], event['SenderPN'])
  const at = event['Timestamp']
  const events: WhatsAppEvent[] = []
  const members = (
    action: 'add' | 'remove' | 'promote' | 'demote',
    value: unknown,
    reason: string | null = null,
  ) => {
    const participants = people(value)
    if (participants.length > 0)
      events.push(
        make(origin, 'group.participants_updated', event, at, {
          chat,
          by,
          action,
          participants,
          reason,
        }),
      )
  }
  members('add', event['Join'], text(event['JoinReason']))
  members('remove', event['Leave'])
  members('promote', event['Promote'])
  members('demote', event['Demote'])
  const changes = groupChanges(event, name)
  if (Object.keys(changes).length > 0 || events.length === 0)
    events.push(make(origin, 'group.updated', event, at, { chat, by, changes }))
  return mapped(...events)
}

function groupChanges(
  event: Fields,
  name: Fields | undefined,
): EventFields['group.updated']['changes'] {
  const topic = fields(event['Topic'])
  const locked = fields(event['Locked'])
  const announce = fields(event['Announce'])
  const ephemeral = fields(event['Ephemeral'])
  const approval = fields(event['MembershipApprovalMode'])
  const other = Object.fromEntries(
    ['Link', 'Unlink', 'UnknownChanges'].flatMap((key) => (event[key] ? [[key, event[key]]] : [])),
  )
  return {
    ...(name ? { name: text(name['Name']) ?? '' } : {}),
    ...(topic ? { description: text(topic['Topic']) ?? '' } : {}),
    ...(locked ? { locked: locked['IsLocked'] === true } : {}),
    ...(announce ? { announce: announce['IsAnnounce'] === true } : {}),
    ...(ephemeral ? { ephemeralSeconds: toNumber(ephemeral['DisappearingTimer']) ?? 0 } : {}),
    ...(approval ? { approvalRequired: approval['IsJoinApprovalRequired'] === true } : {}),
    ...(text(event['NewInviteLink']) ? { inviteCode: text(event['NewInviteLink'])! } : {}),
    ...(fields(event['Delete']) ? { deleted: fields(event['Delete'])!['Deleted'] !== false } : {}),
    ...(event['Suspended'] === true ? { suspended: true } : {}),
    ...(event['Unsuspended'] === true ? { suspended: false } : {}),
    ...(Object.keys(other).length > 0 ? { other } : {}),
  }
}

/** JoinedGroup embeds the group's whole data. */
export function joinedGroup(origin: Origin, event: Fields): Mapped {
  const chat = chatOf(event['JID'], undefined, text(event['Name']))
  if (!chat) return mapped(fallback(origin, event))
  const participants = list(event['Participants']).flatMap((value) => {
    const one = fields(value)
    const person = personOf(
      one?.['JID'],
      one?.['LID'] === one?.['JID'] ? one?.['PhoneNumber'] : one?.['LID'] || one?.['PhoneNumber'],
      text(one?.['DisplayName']),
    )
    return person
      ? [
          {
            ...person,
            role:
              one?.['IsSuperAdmin'] === true
                ? ('superadmin' as const)
                : one?.['IsAdmin'] === true
                  ? ('admin' as const)
                  : ('member' as const),
          },
        ]
      : []
  })
  return mapped(
    make(origin, 'group.joined', event, undefined, {
      chat,
      by: personOf(event['Sender'], event['SenderPN']),
      reason: firstText(event['Reason'], event['Type']),
      description: text(event['Topic']),
      owner: personOf(event['OwnerJID'], event['OwnerPN']),
      createdAt: toIso(event['GroupCreated']),
      participants,
    }),
  )
}

/** A group's picture or a person's. */
export function picture(origin: Origin, event: Fields): Mapped {
  const chat = chatOf(event['JID'])
  if (!chat) return mapped(fallback(origin, event, event['Timestamp']))
  const by = personOf(event['Author'])
  const image = { id: text(event['PictureID']), removed: event['Remove'] === true, url: null }
  const at = event['Timestamp']
  return mapped(
    chat.kind === 'group'
      ? make(origin, 'group.picture_updated', event, at, { chat, by, picture: image })
      : make(origin, 'contact.picture_updated', event, at, {
          contact: personOf(chat.id)!,
          by,
          picture: image,
        }),
  )
}

export function blocklist(origin: Origin, event: Fields): Mapped {
  const changes = list(event['Changes']).flatMap((value) => {
    const id = normaliseJid(fields(value)?.['JID'])
    return id ? [{ id, blocked: fields(value)?.['Action'] !== 'unblock' }] : []
  })
  // An empty action: the whole list, to be asked for anew.
  return mapped(
    make(origin, 'contact.blocklist_updated', event, undefined, {
      replaced: !text(event['Action']),
      changes,
    }),
  )
}

/** A contact as edited in the address book of another device. */
export function contact(origin: Origin, event: Fields): Mapped {
  const action = fields(event['Action'])
  const alt = firstText(action?.['pnJID'], action?.['lidJID'])
  const person = personOf(event['JID'], alt, firstText(action?.['fullName'], action?.['firstName']))
  return mapped(
    person
      ? make(origin, 'contact.updated', event, event['Timestamp'], { contact: person })
      : fallback(origin, event, event['Timestamp']),
  )
}

/** PushName and BusinessName: the message that showed the new name is inside. */
export function renamed(type: 'contact.push_name_updated' | 'contact.business_name_updated') {
  const word = type === 'contact.push_name_updated' ? 'PushName' : 'BusinessName'
  return (origin: Origin, event: Fields): Mapped => {
    const name = text(event[`New${word}`])
    const person = personOf(
      event['JID'],
      event['JIDAlt'],
      type === 'contact.push_name_updated' ? name : null,
    )
    const at = fields(event['Message'])?.['Timestamp']
    if (!person) return mapped(fallback(origin, event, at))
    const one =
      type === 'contact.business_name_updated' ? { ...person, businessName: name } : person
    return mapped(
      make(origin, type, event, at, { contact: one, previousName: text(event[`Old${word}`]) }),
    )
  }
}
