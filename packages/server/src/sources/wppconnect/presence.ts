/** `onpresencechanged`: of a chat of two the other side, of a group each member who does something. */
import { entry, fields, type Fields, list } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import type { Chat } from '../../whatsapp/message/message.ts'
import type { Handler } from '../gateway/mapping.ts'
import { fallback, joined, make, mapped, type Origin } from '../gateway/origin.ts'
import { serialized } from './keys.ts'

const typing = { composing: 'composing', recording: 'recording', paused: 'paused' } as const
const present = { available: 'available', unavailable: 'unavailable' } as const

export const presence: Handler = (origin, data) => {
  const body = fields(data) ?? {}
  const chat = chatOf(serialized(body['id']))
  if (!chat) return mapped(fallback(origin, body, body['t']))
  const people = body['isGroup'] === true ? list(body['participants']) : [body]
  if (people.length === 0) return mapped(fallback(origin, body, body['t'], { chat }))
  return joined(people.map((one) => mapped(stateOf(origin, body, chat, fields(one) ?? {}))))
}

function stateOf(origin: Origin, body: Fields, chat: Chat, one: Fields) {
  const [sender, at] = [personOf(serialized(one['id'])), body['t']]
  const typed = entry<(typeof typing)[keyof typeof typing]>(typing, one['state'])
  const there = entry<(typeof present)[keyof typeof present]>(present, one['state'])
  if (sender && typed)
    return make(origin, 'chat_presence.updated', body, at, { chat, sender, state: typed })
  if (sender && there)
    return make(origin, 'presence.updated', body, at, {
      chat,
      sender,
      state: there,
      lastSeenAt: null,
    })
  return fallback(origin, body, at, { chat, sender })
}
