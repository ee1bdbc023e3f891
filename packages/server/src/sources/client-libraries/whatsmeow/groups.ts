/** whatsmeow's group and contact structs → canonical events. */
import { fields, type Fields, list, text } from '../../../core/json-values.ts'
import type { EventFields } from '../../../whatsapp/event-fields.ts'
import { chatOf, normaliseJid, personOf } from '../../../whatsapp/identity/jid.ts'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { toNumber } from '../../../whatsapp/wire/json-shapes.ts'
import {
  chatAt,
  event,
  type Handler,
  type Handlers,
  peopleAt,
  personAt,
  required,
  textAt,
  timeAt,
} from '../../gateway/mapping.ts'
import { fallback, make, mapped } from '../../gateway/origin.ts'

const memberLists = { add: 'Join', remove: 'Leave', promote: 'Promote', demote: 'Demote' } as const

/** Members come and go in lists; everything else that changed is one event. A notification mostly holds one change. */
const groupInfo: Handler = (origin, raw) => {
  const data = fields(raw) ?? {}
  const at = data['Timestamp']
  const chat = chatOf(data['JID'], undefined, text(fields(data['Name'])?.['Name']))
  if (!chat) return mapped(fallback(origin, raw, at))
  const by = personOf(data['Sender'], data['SenderPN'])
  const events: WhatsAppEvent[] = []
  for (const action of ['add', 'remove', 'promote', 'demote'] as const) {
    const participants = peopleAt(memberLists[action])(data, origin, {})
    const reason = action === 'add' ? text(data['JoinReason']) : null
    const moved = { chat, by, action, participants, reason }
    if (participants.length > 0)
      events.push(make(origin, 'group.participants_updated', raw, at, moved))
  }
  const changes = groupChanges(data)
  if (Object.keys(changes).length > 0 || events.length === 0)
    events.push(make(origin, 'group.updated', raw, at, { chat, by, changes }))
  return mapped(...events)
}

/** Each setting is a struct of its own, and null unless it changed. */
const settings: Readonly<Record<string, readonly [string, (setting: Fields) => unknown]>> = {
  name: ['Name', (setting) => text(setting['Name']) ?? ''],
  description: ['Topic', (setting) => text(setting['Topic']) ?? ''],
  locked: ['Locked', (setting) => setting['IsLocked'] === true],
  announce: ['Announce', (setting) => setting['IsAnnounce'] === true],
  ephemeralSeconds: ['Ephemeral', (setting) => toNumber(setting['DisappearingTimer']) ?? 0],
  approvalRequired: [
    'MembershipApprovalMode',
    (setting) => setting['IsJoinApprovalRequired'] === true,
  ],
}

function groupChanges(data: Fields): EventFields['group.updated']['changes'] {
  const changed = Object.entries(settings).flatMap(([name, [key, read]]) => {
    const setting = fields(data[key])
    return setting ? [[name, read(setting)]] : []
  })
  const other = Object.fromEntries(
    ['Link', 'Unlink', 'UnknownChanges'].flatMap((key) => (data[key] ? [[key, data[key]]] : [])),
  )
  const inviteCode = text(data['NewInviteLink'])
  const gone = fields(data['Delete'])
  return {
    ...Object.fromEntries(changed),
    ...(inviteCode === null ? {} : { inviteCode }),
    ...(gone ? { deleted: gone['Deleted'] !== false } : {}),
    ...(data['Suspended'] === true ? { suspended: true } : {}),
    ...(data['Unsuspended'] === true ? { suspended: false } : {}),
    ...(Object.keys(other).length > 0 ? { other } : {}),
  }
}

function member(value: unknown) {
  const one = fields(value) ?? {}
  const [jid, lid, phone] = [one['JID'], one['LID'], one['PhoneNumber']]
  const person = personOf(jid, lid === jid ? phone : lid || phone, text(one['DisplayName']))
  const admin = one['IsAdmin'] === true ? ('admin' as const) : ('member' as const)
  const role = one['IsSuperAdmin'] === true ? ('superadmin' as const) : admin
  return person ? [{ ...person, role }] : []
}

/** A group's picture or a person's. */
const picture: Handler = (origin, raw) => {
  const data = fields(raw) ?? {}
  const at = data['Timestamp']
  const chat = chatOf(data['JID'])
  if (!chat) return mapped(fallback(origin, raw, at))
  const by = personOf(data['Author'])
  const image = { id: text(data['PictureID']), removed: data['Remove'] === true, url: null }
  if (chat.kind === 'group')
    return mapped(make(origin, 'group.picture_updated', raw, at, { chat, by, picture: image }))
  const contact = personOf(chat.id)!
  return mapped(make(origin, 'contact.picture_updated', raw, at, { contact, by, picture: image }))
}

/** The message that showed the new name is inside. */
const shownIn = 'Message.Timestamp'

export const groupHandlers = {
  GroupInfo: groupInfo,
  // It embeds the group's whole data.
  JoinedGroup: event('group.joined', {
    chat: chatAt('JID', [], 'Name'),
    by: personAt('Sender', 'SenderPN'),
    reason: textAt('Reason', 'Type'),
    description: textAt('Topic'),
    owner: personAt('OwnerJID', 'OwnerPN'),
    createdAt: timeAt('GroupCreated'),
    participants: (data) => list(data['Participants']).flatMap(member),
  }),
  Picture: picture,
  Blocklist: event('contact.blocklist_updated', {
    // An empty action: the whole list, to be asked for anew.
    replaced: (data) => !text(data['Action']),
    changes: (data) =>
      list(data['Changes']).flatMap((value) => {
        const id = normaliseJid(fields(value)?.['JID'])
        return id ? [{ id, blocked: fields(value)?.['Action'] !== 'unblock' }] : []
      }),
  }),
  // A contact as edited in the address book of another device.
  Contact: event(
    'contact.updated',
    {
      contact: required(
        personAt(
          'JID',
          textAt('Action.pnJID', 'Action.lidJID'),
          textAt('Action.fullName', 'Action.firstName'),
        ),
      ),
    },
    'Timestamp',
  ),
  PushName: event(
    'contact.push_name_updated',
    {
      contact: required(personAt('JID', 'JIDAlt', 'NewPushName')),
      previousName: textAt('OldPushName'),
    },
    shownIn,
  ),
  BusinessName: event(
    'contact.business_name_updated',
    {
      contact: ({ JID, JIDAlt, NewBusinessName }) => {
        const person = personOf(JID, JIDAlt)
        return person ? { ...person, businessName: text(NewBusinessName) } : undefined
      },
      previousName: textAt('OldBusinessName'),
    },
    shownIn,
  ),
} satisfies Handlers
