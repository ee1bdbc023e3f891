/** `notification` of a `ReceivedCallback`: calls, members who come and go, a message taken back. */
import { entry, type Fields, list, text } from '../../core/json-values.ts'
import { personOf } from '../../whatsapp/identity/jid.ts'
import type { Person } from '../../whatsapp/message/message.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { type Envelope, stubMessage, undecryptable } from '../gateway/message-events.ts'
import { make, mapped } from '../gateway/origin.ts'
import { phoneJid } from './people.ts'

type Rule = (envelope: Envelope, people: Person[], body: Fields) => Mapped | undefined

function call(type: 'call.offered' | 'call.timeout', video: boolean): Rule {
  return ({ origin, raw, chat, sender, at }, _, body) => {
    const callId = text(body['callId'])
    const caller = sender ?? personOf(chat.id, chat.altId)
    if (callId === null || !caller) return undefined
    const groupCall = chat.kind === 'group'
    const more = { callId, video, groupCall, offline: false, reason: null, platform: null }
    return mapped(make(origin, type, raw, at, { chat, sender: caller, ...more }))
  }
}

function members(
  action: 'add' | 'remove' | 'promote' | 'demote',
  reason: string | null = null,
): Rule {
  return ({ origin, raw, chat, sender, at }, people) => {
    if (people.length === 0) return undefined
    const moved = { chat, by: sender, action, participants: people, reason }
    return mapped(make(origin, 'group.participants_updated', raw, at, moved))
  }
}

const rules: Readonly<Record<string, Rule>> = {
  CALL_VOICE: call('call.offered', false),
  CALL_VIDEO: call('call.offered', true),
  CALL_MISSED_VOICE: call('call.timeout', false),
  CALL_MISSED_VIDEO: call('call.timeout', true),
  GROUP_PARTICIPANT_ADD: members('add'),
  GROUP_PARTICIPANT_INVITE: members('add', 'invite'),
  GROUP_PARTICIPANT_REMOVE: members('remove'),
  GROUP_PARTICIPANT_LEAVE: members('remove'),
  GROUP_PARTICIPANT_PROMOTE: members('promote'),
  GROUP_PARTICIPANT_DEMOTE: members('demote'),
  MEMBERSHIP_APPROVAL_REQUEST: ({ origin, raw, chat, sender, at }, [participant = sender]) => {
    if (!participant) return undefined
    const asked = { chat, by: participant, participant, action: 'requested', method: null }
    return mapped(make(origin, 'group.join_requested', raw, at, asked))
  },
  REVOKE: ({ origin, raw, chat, sender, fromMe, messageId, at }, _, body) => {
    const target = text(body['referenceMessageId']) ?? messageId
    const carrierId = target === messageId ? null : messageId
    const gone = { chat, sender, messageId: target, fromMe, carrierId, byMe: fromMe }
    return mapped(make(origin, 'message.deleted', raw, at, gone))
  },
  CIPHERTEXT: (envelope) => undecryptable(envelope, 'decryption failed'),
}

/** Undefined where the callback is no notice. One without a rule is a system message, by its name. */
export function notice(envelope: Envelope, body: Fields): Mapped | undefined {
  const name = text(body['notification'])
  if (name === null) return undefined
  const parameters = list(body['notificationParameters']).flatMap((one) => text(one) ?? [])
  const people = parameters.flatMap((one) => personOf(phoneJid(one)) ?? [])
  return entry(rules, name)?.(envelope, people, body) ?? stubMessage(envelope, name, parameters)
}
