/** Evolution's 31 events → canonical events. Most are Baileys' own data; what differs is here. */
import type { Person } from '../../whatsapp/message/message.ts'
import { normaliseJid } from '../../whatsapp/identity/jid.ts'
import { fields, type Fields, list, text, entry } from '../../core/json-values.ts'
import { toNumber, toStatus } from '../../whatsapp/wire/json-shapes.ts'
import { closed } from '../client-libraries/baileys/connection.ts'
import { baileysEvents } from '../client-libraries/baileys/events.ts'
import {
  baileysMessageEvents,
  deletion,
  readBaileysKey,
} from '../client-libraries/baileys/message.ts'
import { contactOf } from '../client-libraries/baileys/people.ts'
import {
  byWord,
  chatAt,
  each,
  event,
  type Handler,
  type Handlers,
  numberAt,
  passOn,
  personAt,
  qrAt,
  textAt,
} from '../gateway/mapping.ts'
import { receiptBy, receiptWord, statusEvent } from '../gateway/message-events.ts'
import { fallback, joined, make, mapped, type Origin, without } from '../gateway/origin.ts'
import type { Mapped } from '../gateway/gateway.ts'

/**
 * The names as they stand on the wire. The list that it subscribes by has them in capitals; its paths have them
 * in kebab-case.
 */
const wireNames = [
  'application.startup',
  'qrcode.updated',
  'messages.set',
  'messages.upsert',
  'messages.edited',
  'messages.update',
  'messages.delete',
  'send.message',
  'send.message.update',
  'contacts.set',
  'contacts.upsert',
  'contacts.update',
  'presence.update',
  'chats.set',
  'chats.upsert',
  'chats.update',
  'chats.delete',
  'groups.upsert',
  'groups.update',
  'group-participants.update',
  'connection.update',
  'labels.edit',
  'labels.association',
  'call',
  'typebot.start',
  'typebot.change-status',
  'remove.instance',
  'logout.instance',
  'instance.create',
  'instance.delete',
  'status.instance',
]

const byLetters = new Map(wireNames.map((name) => [name.replaceAll(/[^a-z]/g, ''), name]))
// Its list says GROUP_UPDATE, its code sends groups.update.
byLetters.set('groupupdate', 'groups.update')

/** `MESSAGES_UPSERT`, `messages-upsert`, `messages.upsert` → `messages.upsert`; any other name as it is. */
export function wireName(given: string): string {
  return byLetters.get(given.toLowerCase().replaceAll(/[^a-z]/g, '')) ?? given
}

function message(sentBy: 'api' | null): Handler {
  return (origin, data) => {
    const batch = fields(data)?.['messages']
    const items = Array.isArray(data) ? data : batch ? list(batch) : [data]
    return joined(
      items.map((one) => {
        const item = fields(one)
        return item
          ? baileysMessageEvents(origin, item, { replayed: false, sentBy })
          : mapped(fallback(origin, one))
      }),
    )
  }
}

/**
 * Flat, one object an update, statuses by name: `{keyId, remoteJid, fromMe, participant, status, pollUpdates?,
 * message?}`.
 */
const update: Handler = (origin, data) => {
  const item = fields(data)
  if (!item) return mapped(fallback(origin, data))
  if (fields(item['update'])) return baileysEvents(origin, data)
  const key = fields(item['key']) ?? { id: item['keyId'] ?? item['id'], ...without(item, 'id') }
  // `participant` is the chat again in chats of two.
  const keyed = readBaileysKey(origin, key)
  if (!keyed) return mapped(fallback(origin, data))
  const about = { origin, raw: data, ...keyed, at: item['messageTimestamp'] ?? item['datetime'] }
  if (item['status'] === 'DELETED') return deletion(about, keyed, null)
  if (fields(item['message'])) return baileysEvents(origin, { key, update: item })
  // The whole count, of which it does not say whose vote is new.
  if (list(item['pollUpdates']).length > 0) {
    const { chat, messageId, fromMe } = keyed
    const by = { sender: null, carrierId: null, byMe: false }
    const vote = { chat, messageId, fromMe, ...by, options: null }
    return mapped(make(origin, 'message.poll_vote', data, about.at, vote))
  }
  const status = toStatus(item['status'])
  if (status === null || status === 'pending')
    return mapped(fallback(origin, data, about.at, keyed))
  const word = receiptWord(keyed.fromMe, status)
  return mapped(statusEvent(about, status, receiptBy(about), word))
}

/**
 * Fires for any protocol message: `{key, type, editedMessage}` itself, or a whole message around it. The key is
 * the edited message's, not the edit's own, and written from its author's side: when it is "from me, in the
 * chat with the account", it is the other side's, and which chat that is, is not told.
 */
function edited(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  if (!item || fields(item['message'])) return message(null)(origin, data)
  const key = fields(item['key'])
  const own = origin.me !== null && normaliseJid(key?.['remoteJid']) === origin.me.id
  const seen = own && key?.['fromMe'] === true ? { ...key, fromMe: false } : key
  const envelope = {
    key: seen,
    message: { protocolMessage: item },
    messageTimestamp: item['timestampMs'],
  }
  const result = baileysMessageEvents(origin, envelope, { replayed: false })
  const events = result.events.map((event) => {
    if (!('carrierId' in event)) return event
    return {
      ...event,
      carrierId: null,
      ...(own ? { sender: null } : {}),
      raw: { ...event.raw, event: data },
    }
  })
  return { ...result, events }
}

/** `{instance, state, statusReason, wuid?, profileName?, profilePictureUrl?}`. */
const connection = byWord(
  'state',
  {
    connecting: event('session.connecting', { reason: null }),
    open: event('session.connected', {
      me: (...given) =>
        personAt('wuid', [], 'profileName', 'profilePictureUrl')(...given) ?? given[1].me,
    }),
    close: (origin, data) => {
      const code = toNumber(fields(data)?.['statusReason'])
      return mapped(closed(origin, data, code, 'connection closed'))
    },
    refused: event('session.connect_failed', {
      reason: 'connection refused',
      code: numberAt('statusReason'),
      final: true,
    }),
  },
  passOn,
)

function deleted(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const keyed = readBaileysKey(origin, fields(item?.['key']) ?? item)
  return keyed
    ? deletion({ origin, raw: data, at: undefined }, keyed, null)
    : mapped(fallback(origin, data))
}

/** The members' names and pictures are beside them. */
const participants: Handler = (origin, data) => {
  const result = baileysEvents(origin, data)
  const known = list(fields(data)?.['participantsData']).flatMap(
    (one) => personAt('jid', 'phoneNumber', 'name', 'imgUrl')(fields(one) ?? {}, origin, {}) ?? [],
  )
  const better = (one: Person) => known.find((other) => other.id === one.id) ?? one
  const events = result.events.map((one) =>
    one.type === 'group.participants_updated'
      ? { ...one, participants: one.participants.map(better) }
      : one,
  )
  return { ...result, events }
}

const handlers: Handlers = {
  'application.startup': event('gateway.started', {}),
  // `{qrcode: {instance, pairingCode, code, base64}}`, or `{message, statusCode}` when the attempts are used up.
  'qrcode.updated': (origin, data) =>
    (fields(fields(data)?.['qrcode'])
      ? qrAt('qrcode.code', 'qrcode.base64', 'qrcode.pairingCode')
      : event('session.qr_timeout', { reason: textAt('message') }))(origin, data),
  'messages.upsert': message(null),
  'messages.edited': edited,
  'messages.update': each(update),
  'messages.delete': deleted,
  'send.message': message('api'),
  'send.message.update': edited,
  'contacts.set': (origin, data) => {
    const contacts = list(data).flatMap((one) => contactOf(one) ?? [])
    return event('contact.listed', { contacts })(origin, data)
  },
  // Evolution's own rows of chats: `{remoteJid, instanceId, name?, …}`.
  'chats.set': (origin, data) => {
    const chat = chatAt(['remoteJid', 'id'], [], 'name')
    const chats = list(data).flatMap((one) => chat(fields(one) ?? {}, origin, {}) ?? [])
    return event('chat.listed', { chats })(origin, data)
  },
  'group-participants.update': participants,
  'connection.update': connection,
  'remove.instance': event('session.removed', {}),
  'logout.instance': event('session.logged_out', {
    reason: 'logged out by the gateway',
    code: null,
    final: true,
  }),
  'instance.create': event('session.created', {}),
  'instance.delete': event('session.deleted', {}),
  // `{instance, status: 'closed', disconnectionAt, disconnectionReasonCode, disconnectionObject}`.
  'status.instance': event(
    'session.status',
    {
      status: (item) => text(item['status']) ?? 'unknown',
      reason: null,
      code: numberAt('disconnectionReasonCode'),
    },
    'disconnectionAt',
  ),
}

/**
 * The rest, Baileys' data under Baileys' names, is read as such. The progress of a history stands in the body,
 * beside its data.
 */
export function evolutionEvents(origin: Origin, data: unknown, body: Fields): Mapped {
  if (origin.name === 'messages.set') {
    const counts = { messages: list(data).length, chats: 0, contacts: 0 }
    const history = { kind: null, progress: toNumber(body['progress']), counts }
    return mapped(make(origin, 'history.synced', data, undefined, history))
  }
  return (entry(handlers, origin.name) ?? baileysEvents)(origin, data)
}
