/** `value.statuses`: how far an own message got. */
import { entry, fields, type Fields, firstText, list, text } from '../../core/json-values.ts'
import type { MessageStatus } from '../../whatsapp/message/message.ts'
import { word } from '../../whatsapp/wire/json-shapes.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { receiptBy, statusEvent } from '../gateway/message-events.ts'
import { fallback, mapped, type Origin } from '../gateway/origin.ts'
import { chatWith, someone } from './people.ts'

const steps: Readonly<Record<string, MessageStatus>> = {
  sent: 'server_ack',
  delivered: 'delivered',
  read: 'read',
  played: 'played',
  failed: 'failed',
}

export function statuses(given: Origin, value: Fields): Mapped[] {
  return list(value['statuses']).map((one) => {
    const status = fields(one) ?? {}
    const name = text(status['status']) ?? 'unknown'
    const messageId = text(status['id'])
    // The message's id alone would make "read" a repeat of "delivered"; the event's type is part of what is compared.
    const origin = { ...given, name: `status.${name}`, id: null }
    const other = someone(value, status['recipient_id'], status['recipient_user_id'])
    const chat = chatWith(other, status['group_id'])
    const at = status['timestamp']
    const step = entry(steps, name)
    if (!chat || messageId === null || step === undefined)
      return mapped(fallback(origin, status, at, { chat, fromMe: true }))
    const about = { origin, raw: status, chat, messageId, fromMe: true, at }
    const by = chat.kind === 'group' ? other : receiptBy(about)
    return mapped(
      statusEvent(about, step, step === 'server_ack' ? null : by, null, failureOf(status)),
    )
  })
}

function failureOf(status: Fields): { code: string | null; message: string } {
  const error = fields(list(status['errors'])[0]) ?? {}
  const details = fields(error['error_data'])?.['details']
  return {
    code: word(error['code']),
    message: firstText(details, error['message'], error['title']) ?? 'WhatsApp refused the message',
  }
}
