/** Evolution's 31 events → canonical events. Most are Baileys' own data; what differs is here. */
import { chatOf, normaliseJid, personOf } from '../../whatsapp/identity/jid.ts'
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
import { statusEvent } from '../gateway/message-events.ts'
import { fallback, joined, make, mapped, type Origin, without } from '../gateway/origin.ts'
import type { Mapped } from '../gateway/gateway.ts'

/** The names as they stand on the wire. The list that it subscribes by has them in capitals; its paths have them in kebab-case. */
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

type Handler = (origin: Origin, data: unknown, body: Fields) => Mapped

function message(sentBy: 'api' | null): Handler {
  return (origin, data) => {
    const items = Array.isArray(data)
      ? data
      : fields(data)?.['messages']
        ? list(fields(data)!['messages'])
        : [data]
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

/** Flat, one object an update, statuses by name: `{keyId, remoteJid, fromMe, participant, status, pollUpdates?, message?}`. */
function update(origin: Origin, data: unknown): Mapped {
  if (Array.isArray(data))
    return joined(
      data.map((one) => update(origin, one)),
      origin.name,
    )
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
    const vote = {
      chat,
      messageId,
      fromMe,
      sender: null,
      carrierId: null,
      byMe: false,
      options: null,
    }
    return mapped(make(origin, 'message.poll_vote', data, about.at, vote))
  }
  const status = toStatus(item['status'])
  if (status === null || status === 'pending')
    return mapped(fallback(origin, data, about.at, keyed))
  const by = !keyed.fromMe
    ? origin.me
    : keyed.chat.kind === 'person'
      ? personOf(keyed.chat.id, keyed.chat.altId)
      : null
  const word = keyed.fromMe || (status !== 'read' && status !== 'played') ? null : `${status}-self`
  return mapped(statusEvent(about, status, by, word))
}

/**
 * Fires for any protocol message: `{key, type, editedMessage}` itself, or a whole message around it. The key is the edited message's, not
 * the edit's own, and written from its author's side: when it is "from me, in the chat with the account", it is the other side's, and
 * which chat that is, is not told.
 */
function edited(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  if (!item || fields(item['message'])) return message(null)(origin, data, {})
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

/** `{qrcode: {instance, pairingCode, code, base64}}`, or `{message, statusCode}` when the attempts are used up. */
function qrcode(origin: Origin, data: unknown): Mapped {
  const qr = fields(fields(data)?.['qrcode'])
  if (!qr)
    return mapped(
      make(origin, 'session.qr_timeout', data, undefined, {
        reason: text(fields(data)?.['message']),
      }),
    )
  const fields_ = {
    code: text(qr['code']),
    image: text(qr['base64']),
    pairingCode: text(qr['pairingCode']),
    upcoming: [],
    expiresAt: null,
  }
  return mapped(make(origin, 'session.qr_updated', data, undefined, { qr: fields_ }))
}

/** `{instance, state, statusReason, wuid?, profileName?, profilePictureUrl?}`. */
function connection(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const state = item?.['state']
  const code = toNumber(item?.['statusReason'])
  if (state === 'connecting')
    return mapped(make(origin, 'session.connecting', data, undefined, { reason: null }))
  if (state === 'open') {
    const me =
      personOf(
        item?.['wuid'],
        undefined,
        text(item?.['profileName']),
        text(item?.['profilePictureUrl']),
      ) ?? origin.me
    return mapped(make(origin, 'session.connected', data, undefined, { me }))
  }
  if (state === 'close') return mapped(closed(origin, data, code, 'connection closed'))
  if (state === 'refused')
    return mapped(
      make(origin, 'session.connect_failed', data, undefined, {
        reason: 'connection refused',
        code,
        final: true,
      }),
    )
  return mapped(fallback(origin, data))
}

/** `{instance, status: 'closed', disconnectionAt, disconnectionReasonCode, disconnectionObject}`. */
function statusInstance(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const status = text(item?.['status']) ?? 'unknown'
  const code = toNumber(item?.['disconnectionReasonCode'])
  return mapped(
    make(origin, 'session.status', data, item?.['disconnectionAt'], { status, reason: null, code }),
  )
}

/** Evolution's own rows of chats: `{remoteJid, instanceId, name?, …}`. */
function chatsSet(origin: Origin, data: unknown): Mapped {
  const chats = list(data).flatMap(
    (one) =>
      chatOf(
        fields(one)?.['remoteJid'] ?? fields(one)?.['id'],
        undefined,
        text(fields(one)?.['name']),
      ) ?? [],
  )
  return mapped(make(origin, 'chat.listed', data, undefined, { chats }))
}

function contactsSet(origin: Origin, data: unknown): Mapped {
  return mapped(
    make(origin, 'contact.listed', data, undefined, {
      contacts: list(data).flatMap((one) => contactOf(one) ?? []),
    }),
  )
}

function messagesSet(origin: Origin, data: unknown, body: Fields): Mapped {
  const counts = { messages: list(data).length, chats: 0, contacts: 0 }
  return mapped(
    make(origin, 'history.synced', data, undefined, {
      kind: null,
      progress: toNumber(body['progress']),
      counts,
    }),
  )
}

function deleted(origin: Origin, data: unknown): Mapped {
  const item = fields(data)
  const keyed = readBaileysKey(origin, fields(item?.['key']) ?? item)
  return keyed
    ? deletion({ origin, raw: data, at: undefined }, keyed, null)
    : mapped(fallback(origin, data))
}

/** The members' names and pictures are beside them. */
function participants(origin: Origin, data: unknown): Mapped {
  const result = baileysEvents(origin, data)
  const known = list(fields(data)?.['participantsData']).flatMap((one) => {
    const item = fields(one)
    const person = personOf(
      item?.['jid'],
      item?.['phoneNumber'],
      text(item?.['name']),
      text(item?.['imgUrl']),
    )
    return person ? [person] : []
  })
  if (known.length === 0) return result
  return {
    ...result,
    events: result.events.map((event) =>
      event.type === 'group.participants_updated'
        ? {
            ...event,
            participants: event.participants.map(
              (one) => known.find((other) => other.id === one.id) ?? one,
            ),
          }
        : event,
    ),
  }
}

const handlers: Readonly<Record<string, Handler>> = {
  'application.startup': (origin, data) =>
    mapped(make(origin, 'gateway.started', data, undefined, {})),
  'qrcode.updated': qrcode,
  'messages.set': messagesSet,
  'messages.upsert': message(null),
  'messages.edited': edited,
  'messages.update': update,
  'messages.delete': deleted,
  'send.message': message('api'),
  'send.message.update': (origin, data) => edited(origin, data),
  'contacts.set': contactsSet,
  'chats.set': chatsSet,
  'group-participants.update': participants,
  'connection.update': connection,
  'remove.instance': (origin, data) => mapped(make(origin, 'session.removed', data, undefined, {})),
  'logout.instance': (origin, data) =>
    mapped(
      make(origin, 'session.logged_out', data, undefined, {
        reason: 'logged out by the gateway',
        code: null,
        final: true,
      }),
    ),
  'instance.create': (origin, data) => mapped(make(origin, 'session.created', data, undefined, {})),
  'instance.delete': (origin, data) => mapped(make(origin, 'session.deleted', data, undefined, {})),
  'status.instance': statusInstance,
}

/** The rest, Baileys' data under Baileys' names, is read as such. */
export function evolutionEvents(origin: Origin, data: unknown, body: Fields): Mapped {
  const handler = entry(handlers, origin.name)
  return handler ? handler(origin, data, body) : baileysEvents(origin, data)
}
