/** WAHA's events of groups, presence and labels → canonical events. */
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { Person } from '../../whatsapp/message/message.ts'
import { entry, fields, type Fields, list, text } from '../../core/json-values.ts'
import { toIso, word } from '../../whatsapp/wire/json-shapes.ts'
import { fallback, joined, make, mapped, type Origin } from '../gateway/origin.ts'
import type { Mapped } from '../gateway/gateway.ts'

/** `sentAt`: the envelope's time, for payloads without their own. */
export type WahaHandler = (origin: Origin, payload: Fields, sentAt: unknown) => Mapped

function groupOf(payload: Fields) {
  const group = fields(payload['group'])
  return {
    group,
    chat: chatOf(group?.['id'] ?? payload['groupId'], undefined, text(group?.['subject'])),
  }
}

function members(value: unknown): (Person & { role: 'member' | 'admin' | 'superadmin' })[] {
  return list(value).flatMap((one) => {
    const item = fields(one)
    const person = personOf(item?.['id'] ?? one, item?.['pn'] ?? item?.['lid'])
    const role = item?.['role']
    return person
      ? [
          {
            ...person,
            role: role === 'admin' || role === 'superadmin' ? role : ('member' as const),
          },
        ]
      : []
  })
}

export const groupJoin: WahaHandler = (origin, payload, sentAt) => {
  const { group, chat } = groupOf(payload)
  const at = payload['timestamp'] ?? sentAt
  if (!chat) return mapped(fallback(origin, payload, at))
  const participants = Array.isArray(group?.['participants'])
    ? members(group['participants'])
    : null
  return mapped(
    make(origin, 'group.joined', payload, at, {
      chat,
      by: null,
      reason: null,
      description: text(group?.['description']),
      owner: null,
      createdAt: null,
      participants,
    }),
  )
}

export const groupLeave: WahaHandler = (origin, payload, sentAt) => {
  const { chat } = groupOf(payload)
  const at = payload['timestamp'] ?? sentAt
  return mapped(
    chat
      ? make(origin, 'group.left', payload, at, { chat, by: null })
      : fallback(origin, payload, at),
  )
}

const groupActions: Record<string, 'add' | 'remove' | 'promote' | 'demote'> = {
  join: 'add',
  leave: 'remove',
  promote: 'promote',
  demote: 'demote',
}

export const groupParticipants: WahaHandler = (origin, payload, sentAt) => {
  const { chat } = groupOf(payload)
  const action = entry(groupActions, payload['type'])
  const at = payload['timestamp'] ?? sentAt
  if (!chat || !action) return mapped(fallback(origin, payload, at, { chat }))
  const participants = members(payload['participants']).map(({ role: _role, ...person }) => person)
  return mapped(
    make(origin, 'group.participants_updated', payload, at, {
      chat,
      by: null,
      action,
      participants,
      reason: null,
    }),
  )
}

export const groupUpdate: WahaHandler = (origin, payload, sentAt) => {
  const { group, chat } = groupOf(payload)
  const at = payload['timestamp'] ?? sentAt
  if (!group || !chat) return mapped(fallback(origin, payload, at))
  const changes = {
    ...(typeof group['subject'] === 'string' ? { name: group['subject'] } : {}),
    ...(typeof group['description'] === 'string' ? { description: group['description'] } : {}),
    ...(typeof group['membersCanSendMessages'] === 'boolean'
      ? { announce: !group['membersCanSendMessages'] }
      : {}),
    ...(typeof group['newMembersApprovalRequired'] === 'boolean'
      ? { approvalRequired: group['newMembersApprovalRequired'] }
      : {}),
  }
  return mapped(make(origin, 'group.updated', payload, at, { chat, by: null, changes }))
}

const chatStates: Record<string, 'composing' | 'recording' | 'paused'> = {
  typing: 'composing',
  composing: 'composing',
  recording: 'recording',
  paused: 'paused',
}

export const presence: WahaHandler = (origin, payload, sentAt) => {
  const chat = chatOf(payload['id'])
  const presences = list(payload['presences'])
  if (!chat || presences.length === 0) return mapped(fallback(origin, payload, sentAt, { chat }))
  return joined(
    presences.map((value) => {
      const item = fields(value)
      const sender = personOf(item?.['participant']) ?? personOf(chat.id)!
      const state = text(item?.['lastKnownPresence']) ?? ''
      const chatState = entry(chatStates, state)
      if (chatState)
        return mapped(
          make(origin, 'chat_presence.updated', payload, sentAt, {
            chat,
            sender,
            state: chatState,
          }),
        )
      const available = state === 'online' || state === 'available'
      return mapped(
        make(origin, 'presence.updated', payload, sentAt, {
          chat,
          sender,
          state: available ? 'available' : 'unavailable',
          lastSeenAt: toIso(item?.['lastSeen']),
        }),
      )
    }),
  )
}

export function label(deleted: boolean): WahaHandler {
  return (origin, payload, sentAt) => {
    const id = word(payload['id'])
    if (id === null) return mapped(fallback(origin, payload, sentAt))
    const color = text(payload['colorHex']) ?? word(payload['color'])
    return mapped(
      make(origin, 'label.updated', payload, sentAt, {
        label: { id, name: text(payload['name']), color, deleted },
      }),
    )
  }
}

export function labelled(on: boolean): WahaHandler {
  return (origin, payload, sentAt) => {
    const chat = chatOf(payload['chatId'])
    const labelId = word(payload['labelId'])
    return mapped(
      chat && labelId !== null
        ? make(origin, 'label.chat_associated', payload, sentAt, { chat, labelId, on })
        : fallback(origin, payload, sentAt, { chat }),
    )
  }
}
