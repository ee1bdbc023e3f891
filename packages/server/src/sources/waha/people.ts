/** What WAHA says of groups and presence. */
import { entry, fields, type Fields, list, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import { toIso } from '../../whatsapp/wire/json-shapes.ts'
import { changesOf, type Handler, roleOf } from '../gateway/mapping.ts'
import { fallback, joined, make, mapped } from '../gateway/origin.ts'

export function members(value: unknown) {
  return list(value).flatMap((one) => {
    const item = fields(one)
    const person = personOf(item?.['id'] ?? one, item?.['pn'] ?? item?.['lid'])
    return person ? [{ ...person, role: roleOf(item?.['role']) }] : []
  })
}

/** null where the group comes without its members. */
export function joinedMembers(payload: Fields) {
  const participants = fields(payload['group'])?.['participants']
  return Array.isArray(participants) ? members(participants) : null
}

const actions = { join: 'add', leave: 'remove', promote: 'promote', demote: 'demote' } as const

export function groupActions(payload: Fields) {
  return entry<(typeof actions)[keyof typeof actions]>(actions, payload['type'])
}

export function groupChanges(payload: Fields) {
  const group = fields(payload['group']) ?? {}
  const everybodySends = group['membersCanSendMessages']
  return {
    ...changesOf(group, { name: ['subject', 'string'], description: ['description', 'string'] }),
    ...(typeof everybodySends === 'boolean' ? { announce: !everybodySends } : {}),
    ...changesOf(group, { approvalRequired: ['newMembersApprovalRequired', 'boolean'] }),
  }
}

const chatStates: Record<string, 'composing' | 'recording' | 'paused'> = {
  typing: 'composing',
  composing: 'composing',
  recording: 'recording',
  paused: 'paused',
}

export const presence: Handler = (origin, data) => {
  const payload = fields(data) ?? {}
  const chat = chatOf(payload['id'])
  const presences = list(payload['presences'])
  if (!chat || presences.length === 0) return mapped(fallback(origin, payload, undefined, { chat }))
  return joined(
    presences.map((value) => {
      const item = fields(value)
      const sender = personOf(item?.['participant']) ?? personOf(chat.id)!
      const said = text(item?.['lastKnownPresence']) ?? ''
      const typing = entry(chatStates, said)
      if (typing) {
        const about = { chat, sender, state: typing }
        return mapped(make(origin, 'chat_presence.updated', payload, undefined, about))
      }
      const state = said === 'online' || said === 'available' ? 'available' : 'unavailable'
      const lastSeenAt = toIso(item?.['lastSeen'])
      return mapped(
        make(origin, 'presence.updated', payload, undefined, { chat, sender, state, lastSeenAt }),
      )
    }),
  )
}
