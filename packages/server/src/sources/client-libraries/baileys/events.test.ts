import { expect, test } from 'vitest'
import { baileysEvents, baileysHandlers } from './events.ts'
import type { Origin } from '../../gateway/origin.ts'

/** The event map of Baileys 7.0.0-rc14. */
const names =
  `connection.update creds.update messaging-history.set messaging-history.status chats.upsert chats.update
  chats.delete chats.lock
  lid-mapping.update presence.update contacts.upsert contacts.update messages.upsert messages.update
  messages.delete messages.reaction
  messages.media-update message-receipt.update groups.upsert groups.update group-participants.update
  group.join-request group.member-tag.update
  blocklist.set blocklist.update call labels.edit labels.association newsletter.reaction newsletter.view
  newsletter-participants.update
  newsletter-settings.update message-capping.update settings.update`.split(/\s+/)

function origin(name: string): Origin {
  return {
    source: 'baileys',
    session: 'loja',
    name,
    id: null,
    hash: null,
    receivedAtMs: 1_762_510_200_000,
    me: null,
  }
}

test('all 34 events are read', () => {
  expect(Object.keys(baileysHandlers).toSorted()).toEqual(names.toSorted())
  expect(names).toHaveLength(34)
})

test('credentials leave no trace', () => {
  const result = baileysEvents(origin('creds.update'), { noiseKey: { private: 'secret' } })
  expect(result).toEqual({
    events: [],
    skipped: [{ name: 'creds.update', reason: 'key material' }],
  })
})

test.each(names)('%s without any of its fields is kept or counted, never thrown', (name) => {
  for (const data of [undefined, null, {}, [], 'x', 1]) {
    const { events, skipped } = baileysEvents(origin(name), data)
    expect(events.length + skipped.length).toBeGreaterThan(0)
  }
})

const own = (status: unknown) => ({
  messages: [
    {
      key: { remoteJid: '5511999990001@s.whatsapp.net', fromMe: true, id: 'A' },
      messageTimestamp: 1,
      status,
      message: { conversation: 'oi' },
    },
  ],
  type: 'append',
})

test.each([
  [1, ['message.sent']],
  [2, ['message.sent']],
  ['DELIVERY_ACK', ['message.sent', 'message.delivered']],
  [4, ['message.sent', 'message.delivered', 'message.read']],
  [5, ['message.sent', 'message.delivered', 'message.read', 'message.played']],
  [0, ['message.sent', 'message.failed']],
])(
  'an own message that arrives with status %s tells the steps that the event buffer folded into it',
  (status, types) => {
    expect(
      baileysEvents(origin('messages.upsert'), own(status)).events.map((event) => event.type),
    ).toEqual(types)
  },
)

test('both kinds of upsert are messages: what waited on the server comes as append', () => {
  const batch = (type: string) => ({
    type,
    messages: [
      {
        key: { remoteJid: '1@lid', fromMe: false, id: 'A' },
        messageTimestamp: 1,
        message: { conversation: 'oi' },
      },
    ],
  })
  const [live] = baileysEvents(origin('messages.upsert'), batch('notify')).events
  const [waited] = baileysEvents(origin('messages.upsert'), batch('append')).events
  expect([live, waited]).toMatchObject([
    { type: 'message.received', replayed: false },
    { type: 'message.received', replayed: true },
  ])
})
