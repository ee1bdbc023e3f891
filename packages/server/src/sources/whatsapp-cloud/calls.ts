/** `value.calls`: calls to and from the business number. */
import { fields, type Fields, list, text } from '../../core/json-values.ts'
import type { Mapped } from '../gateway/gateway.ts'
import { fallback, make, mapped, type Origin } from '../gateway/origin.ts'
import { chatWith, someone } from './people.ts'

export function calls(given: Origin, value: Fields): Mapped[] {
  return list(value['calls']).map((one) => {
    const call = fields(one) ?? {}
    const event = text(call['event']) ?? 'unknown'
    const origin = { ...given, name: `calls.${event}`, id: null }
    const fromMe = call['direction'] === 'BUSINESS_INITIATED'
    const other = fromMe
      ? someone(value, call['to'], call['to_user_id'])
      : someone(value, call['from'], call['from_user_id'])
    const chat = chatWith(other, null)
    const sender = fromMe ? given.me : other
    const [callId, at] = [text(call['id']), call['timestamp']]
    const type =
      event === 'connect' ? 'call.offered' : event === 'terminate' ? 'call.terminated' : undefined
    if (!chat || !sender || callId === null || type === undefined)
      return mapped(fallback(origin, call, at, { chat, sender, fromMe }))
    const reason = type === 'call.terminated' ? text(call['status']) : null
    const rest = { video: null, groupCall: false, offline: false, platform: null }
    return mapped(make(origin, type, call, at, { chat, sender, callId, reason, ...rest }))
  })
}
