/** Ids of WPPConnect's: a text, or the object that it stands for (`{fromMe, remote, id, participant, _serialized}`). */
import { fields, type Fields, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import { splitId } from '../client-libraries/whatsapp-web/serialized.ts'

/** The id as a text: `5511…@c.us`, `false_5511…@c.us_ABC`. */
export function serialized(value: unknown): string | null {
  return text(value) ?? text(fields(value)?.['_serialized'])
}

export type Key = NonNullable<ReturnType<typeof keyOf>>

/** A message's key; null where it names no message. */
export function keyOf(value: unknown) {
  const split = splitId(serialized(value))
  if (split) return split
  const key = fields(value)
  const [chatId, messageId] = [serialized(key?.['remote']), text(key?.['id'])]
  if (!key || chatId === null || messageId === null) return null
  return {
    fromMe: key['fromMe'] === true,
    chatId,
    messageId,
    participant: serialized(key['participant']),
  }
}

/** Who sent what a key names, in a chat of two the chat itself; null for an own message: the account is not told. */
export function senderOf(key: Key, body: Fields) {
  const sender = fields(body['sender'])
  const name = text(body['notifyName']) ?? text(sender?.['pushname']) ?? text(sender?.['name'])
  if (key.fromMe) return null
  const member = key.participant ?? serialized(body['author'])
  return member === null ? personOf(key.chatId, undefined, name) : personOf(member, undefined, name)
}

export function chatOfKey(key: Key, name: string | null = null) {
  return chatOf(key.chatId, undefined, name)
}
