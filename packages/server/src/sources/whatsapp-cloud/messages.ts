/** `value.messages` and `value.message_echoes`: what was said, edited, taken back, reacted to. */
import { fields, type Fields, list, text } from '../../core/json-values.ts'
import type { Person } from '../../whatsapp/message/message.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { type Envelope, readingEvents, undecryptable } from '../gateway/message-events.ts'
import { fallback, make, mapped, type Origin } from '../gateway/origin.ts'
import { contentOf } from './content.ts'
import { chatWith, someone } from './people.ts'

export function messages(origin: Origin, value: Fields): Mapped[] {
  return list(value['messages']).map((given) => {
    const message = fields(given) ?? {}
    const sender = someone(value, message['from'], message['from_user_id'])
    return messageEvents(origin, message, sender, sender, false)
  })
}

/** What was sent from the phone or by another app of the same number. */
export function echoes(origin: Origin, value: Fields): Mapped[] {
  return list(value['message_echoes']).map((given) => {
    const message = fields(given) ?? {}
    const other = someone(value, message['to'], message['to_user_id'])
    return messageEvents(origin, message, origin.me, other, true)
  })
}

function messageEvents(
  { name, ...rest }: Origin,
  message: Fields,
  sender: Person | null,
  other: Person | null,
  fromMe: boolean,
): Mapped {
  const id = text(message['id'])
  const type = text(message['type']) ?? 'unknown'
  const origin = { ...rest, name: `${name}.${type}`, id }
  const chat = chatWith(other, message['group_id'])
  const at = message['timestamp']
  if (!chat || id === null) return mapped(fallback(origin, message, at, { sender, fromMe }))
  const envelope: Envelope = { origin, raw: message, chat, sender, fromMe, messageId: id, at }
  if (fromMe) envelope.sentBy = 'device'
  return (
    about(envelope, message, type) ??
    mapped(fallback(origin, message, at, { chat, sender, fromMe }))
  )
}

function about(envelope: Envelope, message: Fields, type: string): Mapped | undefined {
  const item = fields(message[type]) ?? {}
  const { origin, chat, sender, fromMe, messageId, at } = envelope
  const target = text(item[type === 'reaction' ? 'message_id' : 'original_message_id'])
  const carried = (own: boolean) => ({
    chat,
    sender,
    messageId: target ?? '',
    carrierId: messageId,
    byMe: fromMe,
    fromMe: own,
  })
  if (type === 'reaction' && target !== null) {
    const emoji = text(item['emoji']) ?? ''
    // Customers react to what the business said, and the business to what they said: it is not told otherwise.
    const fields = { ...carried(!fromMe), emoji, removed: emoji === '' }
    return mapped(make(origin, 'message.reaction', message, at, fields))
  }
  if (type === 'edit' && target !== null) {
    const content = contentOf(fields(item['message']) ?? {})
    return (
      content &&
      mapped(make(origin, 'message.edited', message, at, { ...carried(fromMe), content }))
    )
  }
  if (type === 'revoke' && target !== null)
    return mapped(make(origin, 'message.deleted', message, at, carried(fromMe)))
  if (type === 'unsupported') return undecryptable(envelope, reasonOf(message))
  const content = contentOf(message)
  return content && readingEvents(envelope, { kind: 'content', content })
}

function reasonOf(message: Fields): string | null {
  const error = fields(list(message['errors'])[0])
  return text(fields(error?.['error_data'])?.['details']) ?? text(error?.['title'])
}
