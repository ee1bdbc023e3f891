// Which kinds of event there are captures of, for every gateway and version. What a gateway has no webhook for stands
// in `lacking`, with why.
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { WhatsAppEvent } from '../../src/whatsapp/whatsapp.ts'
import { type Capture, captures } from '../support/captures.ts'

const all = captures()

const contentOf = (type: string) => (event: WhatsAppEvent) =>
  event.type === 'message.received' && event.content.type === type

const typed =
  (...types: WhatsAppEvent['type'][]) =>
  (event: WhatsAppEvent) =>
    types.includes(event.type)

const kinds: Record<string, (event: WhatsAppEvent) => boolean> = {
  text: contentOf('text'),
  image: contentOf('image'),
  video: contentOf('video'),
  audio: contentOf('audio'),
  document: contentOf('document'),
  sticker: contentOf('sticker'),
  location: contentOf('location'),
  contact: contentOf('contact'),
  poll: contentOf('poll'),
  'answer that quotes': (event) =>
    event.type === 'message.received' && event.content.quoted !== null,
  'message in a group': (event) => event.type === 'message.received' && event.chat.kind === 'group',
  'own message': typed('message.sent'),
  edit: typed('message.edited'),
  revoke: typed('message.deleted'),
  reaction: typed('message.reaction'),
  'receipt: delivered': typed('message.delivered'),
  'receipt: read': typed('message.read'),
  'session up': typed('session.connected'),
  'session down': typed('session.disconnected', 'session.logged_out', 'session.replaced'),
  'login code': typed('session.qr_updated'),
  'group joined': typed('group.joined'),
  'group changed': typed('group.updated', 'group.participants_updated'),
  call: typed('call.offered'),
  presence: typed('presence.updated'),
  typing: typed('chat_presence.updated'),
  history: typed('history.synced'),
}

const undocumented = 'is not in its documentation'
const noSession = 'tells of sessions by its websocket only'
const noNumber = 'has no session: the number is always there'
const formatter = 'its formatter calls it "unknown" and leaves the content out'

const lacking: Record<string, Record<string, string>> = {
  'baileys-7.0.0-rc14': {},
  'evolution-2.3.7': {},
  'evolution-go-0.6.1': {},
  'gowa-7.4': {
    poll: 'has no words for it',
    'session up': noSession,
    'session down': noSession,
    'login code': noSession,
    'group joined': undocumented,
    call: undocumented,
    presence: 'is not sent',
    typing: undocumented,
    history: 'is not sent',
  },
  'gowa-8': {
    poll: 'has no words for it',
    'session up': noSession,
    'session down': noSession,
    'login code': noSession,
    'group joined': 'is named in its documentation, without a payload',
    presence: 'is not sent',
    typing: undocumented,
    history: 'is not sent',
  },
  'gowa-9.2': {
    poll: 'has no words for it',
    'session up': noSession,
    'session down': noSession,
    'login code': noSession,
    'group joined': 'is named in its documentation, without a payload',
    presence: 'is not sent',
    history: 'is not sent',
  },
  'twilio-whatsapp-2026': {
    poll: 'is not offered by Twilio',
    'message in a group': 'is not offered by Twilio',
    'own message': 'is told by its status only',
    edit: 'is not told by Twilio',
    revoke: 'is not told by Twilio',
    reaction: 'is not told by Twilio',
    'session up': noNumber,
    'session down': noNumber,
    'login code': noNumber,
    'group joined': 'is not offered by Twilio',
    'group changed': 'is not offered by Twilio',
    call: 'is in webhooks of its own',
    presence: 'is not sent',
    typing: 'is not sent',
    history: 'is not sent',
  },
  'uazapi-2.0': { history: undocumented },
  'waha-2026.7': { history: 'is not sent' },
  'whatsapp-cloud-v24': {
    poll: 'is not offered by the Cloud API',
    'session up': noNumber,
    'session down': noNumber,
    'login code': noNumber,
    'group joined': 'is in fields of its own, passed on as they come',
    'group changed': 'is in fields of its own, passed on as they come',
    presence: 'is not sent',
    typing: 'is not sent',
    history: 'is passed on as it comes',
  },
  'whatsmeow-2026-08': {},
  'wppconnect-2.8': {
    edit: 'has no webhook for it',
    'group joined': 'has no webhook for it',
    history: 'has no webhook for it',
  },
  'wuzapi-2025': {},
  'z-api-2026': {
    'login code': 'is fetched from its API only',
    'group joined': 'comes as a notice in the chat, a system message',
    history: 'is not sent',
  },
  'zpwoot-2025-11': Object.fromEntries(
    [
      'sticker',
      'location',
      'contact',
      'poll',
      'answer that quotes',
      'edit',
      'revoke',
      'reaction',
    ].map((kind) => [kind, formatter]),
  ),
}

/** Older versions of which there is only what differs from the next. */
const differences = ['baileys-6.7.24', 'evolution-2.3.6']

function eventsOf(folder: string): WhatsAppEvent[] {
  return all
    .filter(({ name }) => dirname(name) === folder)
    .flatMap(({ golden }) => (golden.outcome === 'events' ? golden.events : []))
}

test('every folder of captures is in the table', () => {
  expect(new Set(all.map(({ name }) => dirname(name)))).toEqual(
    new Set([...Object.keys(lacking), ...differences]),
  )
})

describe.each(Object.entries(lacking))('%s', (folder, lacks) => {
  test('has a capture of every kind of event that it can send, and the table says of no other that it has none', () => {
    const events = eventsOf(folder)
    const missing = Object.keys(kinds).filter((kind) => !events.some(kinds[kind]!))
    expect(missing).toEqual(Object.keys(kinds).filter((kind) => kind in lacks))
  })
})

const form = ({ headers }: Capture) => (headers['content-type'] ?? '').split(';')[0]
const of = (gateway: string) => all.filter((one) => one.gateway === gateway)

test('wuzapi’s three forms of a body are there, each signed', () => {
  const signed = of('wuzapi').filter(({ headers }) => headers['x-hmac-signature'] !== undefined)
  expect(new Set(signed.map(form))).toEqual(
    new Set(['application/x-www-form-urlencoded', 'application/json', 'multipart/form-data']),
  )
})

test('Evolution’s event is in the path and in the body, and one proves itself by a JWT', () => {
  expect(of('evolution').filter(({ path }) => path.event !== null).length).toBeGreaterThan(2)
  expect(of('evolution').some(({ path }) => path.event === null)).toBe(true)
  expect(
    of('evolution').some(({ headers }) => headers['authorization']?.startsWith('Bearer ey')),
  ).toBe(true)
})

test('captures of gateways that sign are signed', () => {
  for (const { name, headers, secret } of [...of('gowa'), ...of('waha')]) {
    const signature = headers['x-hub-signature-256'] ?? headers['x-webhook-hmac']
    expect([name, signature === undefined, secret === undefined]).toEqual([name, false, false])
  }
})
