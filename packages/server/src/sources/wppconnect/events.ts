/** WPPConnect's events → canonical events. */
import { entry, fields, type Fields, list, text } from '../../core/json-values.ts'
import { chatOf, personOf } from '../../whatsapp/identity/jid.ts'
import { messageStatuses } from '../../whatsapp/message/message.ts'
import { toNumber } from '../../whatsapp/wire/json-shapes.ts'
import { event, type Handler, type Handlers } from '../gateway/mapping.ts'
import {
  type Envelope,
  readingEvents,
  receiptBy,
  receiptWord,
  statusEvent,
  stubMessage,
  undecryptable,
} from '../gateway/message-events.ts'
import { fallback, joined, make, mapped, type Origin, without } from '../gateway/origin.ts'
import { contentOf, fileIn } from './content.ts'
import { chatOfKey, keyOf, senderOf, serialized } from './keys.ts'
import { presence } from './presence.ts'
import { sessionHandlers } from './session.ts'

const message: Handler = (origin, data) => {
  const body = fields(data) ?? {}
  const key = keyOf(body['id'])
  const chat = key && chatOfKey(key, nameOf(body, key.fromMe))
  const at = body['t'] ?? body['timestamp']
  if (!key || !chat) return mapped(fallback(origin, body, at))
  // A file goes to `content.media`, once.
  const raw = fileIn(body, toNumber(body['size'])) === null ? body : without(body, 'body')
  const [sender, { fromMe, messageId }] = [senderOf(key, body), key]
  const status = fromMe ? ackOf(body['ack']) : null
  const envelope: Envelope = { origin, raw, chat, sender, fromMe, messageId, at, status }
  switch (body['type']) {
    case 'gp2':
    case 'notification_template':
    case 'e2e_notification':
      return notice(envelope, body)
    case 'ciphertext':
      return undecryptable(envelope, 'waiting for this message')
    default:
      return readingEvents(envelope, { kind: 'content', content: contentOf(body) })
  }
}

function nameOf(body: Fields, fromMe: boolean): string | null {
  if (body['isGroupMsg'] !== true && !fromMe) return text(body['notifyName'])
  return text(fields(body['chat'])?.['name'])
}

function notice(envelope: Envelope, body: Fields) {
  const parameters = list(body['recipients']).flatMap((one) => serialized(one) ?? [])
  return stubMessage(envelope, text(body['subtype']) ?? String(body['type']), parameters)
}

/** -1 error, 0 waiting, 1 sent, 2 received, 3 read, 4 played. */
function ackOf(value: unknown) {
  const ack = toNumber(value)
  return ack === null ? null : (messageStatuses[ack + 1] ?? null)
}

/** `t` is the message's time and not that of the receipt, which is not told. */
const ack: Handler = (origin, data) => {
  const body = fields(data) ?? {}
  const [key, status] = [keyOf(body['id']), ackOf(body['ack'])]
  const chat = key && chatOfKey(key)
  if (!key || !chat || status === null || status === 'pending')
    return mapped(fallback(origin, body, undefined, { chat }))
  const { messageId, fromMe } = key
  const about = { origin, raw: body, chat, messageId, fromMe, at: undefined }
  const by = status === 'server_ack' ? null : receiptBy(about)
  return mapped(statusEvent(about, status, by, receiptWord(fromMe, status)))
}

/** The message `target`, and who says something of it by the message `carrier`. */
function carried(carrier: unknown, target: unknown, by?: unknown) {
  const [one, other] = [keyOf(carrier), keyOf(target)]
  const chat = other && chatOfKey(other)
  if (!other || !chat) return null
  const sender = personOf(serialized(by)) ?? (one && senderOf(one, {}))
  return {
    chat,
    sender,
    messageId: other.messageId,
    fromMe: other.fromMe,
    carrierId: one?.messageId ?? null,
    byMe: one?.fromMe ?? false,
  }
}

const reaction = event(
  'message.reaction',
  (body) => {
    const about = carried(body['id'], body['msgId'], body['sender'])
    const emoji = text(body['reactionText']) ?? ''
    return about && { ...about, emoji, removed: emoji === '' }
  },
  'timestamp',
)

/** `refId` is the message that was taken back, `id` the notice of it. */
const revoked = event('message.deleted', (body) =>
  carried(body['id'], body['refId'] ?? body['id'], body['author']),
)

const vote = event(
  'message.poll_vote',
  (body) => {
    const about = carried(null, body['msgId'], body['sender'])
    const options = list(body['selectedOptions']).flatMap(
      (one) => text(fields(one)?.['name']) ?? [],
    )
    return about && { ...about, options }
  },
  'timestamp',
)

const actions = {
  add: 'add',
  join: 'add',
  invite: 'add',
  remove: 'remove',
  leave: 'remove',
  leaver: 'remove',
  promote: 'promote',
  demote: 'demote',
} as const

const participants = event('group.participants_updated', (body) => {
  const chat = chatOf(serialized(body['groupId']))
  const action = entry<(typeof actions)[keyof typeof actions]>(
    actions,
    body['action'] ?? body['operation'],
  )
  const people = list(body['who']).flatMap((one) => personOf(serialized(one)) ?? [])
  if (!chat || action === undefined || people.length === 0) return null
  const by = personOf(serialized(body['by']), undefined, text(body['byPushName']))
  return { chat, by, action, participants: people, reason: null }
})

const call = event(
  'call.offered',
  (body) => {
    const sender = personOf(serialized(body['peerJid']))
    const group = chatOf(serialized(body['groupJid']))
    const callId = text(body['id'])
    const chat = group ?? (sender && chatOf(sender.id))
    if (!sender || !chat || callId === null) return null
    return {
      chat,
      sender,
      callId,
      video: typeof body['isVideo'] === 'boolean' ? body['isVideo'] : null,
      groupCall: body['isGroup'] === true,
      offline: body['offerReceivedWhileOffline'] === true,
      reason: null,
      platform: null,
    }
  },
  'offerTime',
)

const label: Handler = (origin: Origin, data) => {
  const body = fields(data) ?? {}
  const chat = chatOf(serialized(fields(body['chat'])?.['id'] ?? body['chat']))
  const ids = list(body['ids']).flatMap((id) => text(id) ?? [])
  if (!chat || ids.length === 0) return mapped(fallback(origin, body, undefined, { chat }))
  const on = body['type'] === 'add'
  return joined(
    ids.map((labelId) =>
      mapped(make(origin, 'label.chat_associated', body, undefined, { chat, labelId, on })),
    ),
  )
}

export const wppHandlers: Handlers = {
  ...sessionHandlers,
  onmessage: message,
  onselfmessage: message,
  unreadmessages: message,
  onack: ack,
  onreactionmessage: reaction,
  onrevokedmessage: revoked,
  onpollresponse: vote,
  onparticipantschanged: participants,
  onpresencechanged: presence,
  onupdatelabel: label,
  incomingcall: call,
}
