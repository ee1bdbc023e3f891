// Changes of a message on their way in: each is delivered, and once, in the chat where it was made.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventOf } from '../../src/whatsapp/whatsapp.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { capture } from '../support/captures.ts'
import { openSession, postJson } from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi()
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

type Edit = EventOf<'message.edited'>

/** The capture's body with some texts in place of others. */
function bodyOf(name: string, by: Record<string, string>): string {
  return Object.entries(by).reduce((body, [old, text]) => {
    expect(body).toContain(old)
    return body.replaceAll(old, text)
  }, capture(name).body)
}

const twoEdits: [string, string, Record<string, string>[]][] = [
  [
    'evolution',
    'evolution-2.3.7/messages-edited',
    [
      { '1762510220000': '1762510220100', 'Qual o horário hoje?': 'um' },
      { '1762510220000': '1762510220900', 'Qual o horário hoje?': 'dois' },
    ],
  ],
  [
    'baileys',
    'baileys-7.0.0-rc14/edit-upsert-and-update',
    [
      {
        '1762510230123': '1762510230100',
        '3EB0A1B2C3D4E5F60009': '3EB0F1',
        'Olá! Tudo bem?': 'um',
      },
      {
        '1762510230123': '1762510230900',
        '3EB0A1B2C3D4E5F60009': '3EB0F2',
        'Olá! Tudo bem?': 'dois',
      },
    ],
  ],
  [
    'baileys',
    'baileys-7.0.0-rc14/edit-update',
    [{ 'Olá! Tudo bem?': 'um' }, { 'Olá! Tudo bem?': 'dois' }],
  ],
  [
    'waha',
    'waha-2026.7/edited',
    [
      { evt_01k9x000000000000000000019: 'evt_1', '3EB0CC0008': '3EB0F1', 'Olá!': 'um' },
      { evt_01k9x000000000000000000019: 'evt_2', '3EB0CC0008': '3EB0F2', 'Olá!': 'dois' },
    ],
  ],
]

test.each(twoEdits)(
  'two edits of one message within a second are two events, and no more when both come again: %s, %s',
  async (gateway, name, edits) => {
    const session = await openSession(api, receiver, gateway)
    const url = session.ingestUrl
    for (const again of [false, true])
      for (const edit of edits) {
        const answer = await postJson(url, bodyOf(name, edit))
        expect(await answer.json()).toMatchObject({
          accepted: again ? 0 : 1,
          duplicate: again ? 1 : 0,
        })
      }
    const events = (await session.events()) as Edit[]
    expect(events.map(({ type, content }) => [type, content.text])).toEqual([
      ['message.edited', 'um'],
      ['message.edited', 'dois'],
    ])
    await until(() => session.delivered().length >= 2)
    expect(session.delivered()).toHaveLength(2)
  },
)

test('an edit whose text GOWA has in edited_text alone has that text', async () => {
  const session = await openSession(api, receiver, 'gowa')
  await postJson(session.ingestUrl, capture('gowa-7.4/edited-text-alone').body)
  expect(await session.events()).toMatchObject([{ content: { text: 'Oi, tudo bem?' } }])
})

const pn = '5511999990001@s.whatsapp.net'
const lid = '112233445566778@lid'
const own = '5511988880000@s.whatsapp.net'

/** Evolution's `messages.upsert` of one text. */
function upsert(id: string, key: object) {
  return {
    event: 'messages.upsert',
    instance: 'loja',
    sender: own,
    data: {
      key: { id, fromMe: false, ...key },
      message: { conversation: 'Oi' },
      messageTimestamp: 1_762_510_200,
    },
  }
}

/** Evolution's `messages.edited`, which is what the author's phone wrote. */
function edited(id: string, remoteJid: string, more: object = { type: 'MESSAGE_EDIT' }) {
  return {
    event: 'messages.edited',
    instance: 'loja',
    sender: own,
    data: {
      key: { remoteJid, fromMe: true, id },
      editedMessage: { conversation: 'Olá' },
      timestampMs: '1762510220123',
      ...more,
    },
  }
}

test.each([
  ['by its number', { remoteJid: pn }, own, pn, null],
  ['by both its ids', { remoteJid: lid, remoteJidAlt: pn }, own, pn, lid],
  ['by its LID, to the LID of the account', { remoteJid: lid }, '998877665544332@lid', lid, null],
])(
  'an edit of a contact is in the contact’s chat, not in one’s own, known %s',
  async (_, key, to, id, altId) => {
    const session = await openSession(api, receiver, 'evolution')
    await postJson(session.ingestUrl, upsert('3EB0C1', key))
    await postJson(
      session.ingestUrl,
      upsert('3EB0C10', { remoteJid: '5511777770000@s.whatsapp.net' }),
    )
    for (const _again of [1, 2]) await postJson(session.ingestUrl, edited('3EB0C1', to))
    const events = await session.events()
    expect(events).toHaveLength(3)
    expect(events[2]).toMatchObject({
      type: 'message.edited',
      messageId: '3EB0C1',
      chat: { id, altId },
      sender: { id },
      fromMe: false,
      byMe: false,
      content: { text: 'Olá' },
    })
    const [upserted, , edit] = await session.messages()
    expect(edit!.ordering_key).toBe(upserted!.ordering_key)
  },
)

test('an edit and a deletion of one’s own are in the contact’s chat, and one’s own', async () => {
  const session = await openSession(api, receiver, 'evolution')
  await postJson(session.ingestUrl, upsert('3EB0C2', { remoteJid: pn, fromMe: true }))
  await postJson(session.ingestUrl, edited('3EB0C2', pn))
  await postJson(session.ingestUrl, edited('3EB0C2', pn, { type: 'REVOKE' }))
  const mine = { chat: { id: pn }, fromMe: true, byMe: true }
  expect((await session.events()).slice(1)).toMatchObject([
    { type: 'message.edited', ...mine },
    { type: 'message.deleted', ...mine },
  ])
})

test('an edit of a note to oneself is one’s own', async () => {
  const session = await openSession(api, receiver, 'evolution')
  await postJson(session.ingestUrl, upsert('3EB0N1', { remoteJid: own, fromMe: true }))
  await postJson(session.ingestUrl, edited('3EB0N1', own))
  const events = (await session.events()) as Edit[]
  expect(events.find(({ type }) => type === 'message.edited')).toMatchObject({
    chat: { id: own },
    fromMe: true,
    byMe: true,
    sender: { id: own },
  })
})

test.each([
  ['a group, known by its number', '120363000000000001@g.us', { participant: pn }, pn, null],
  [
    'a group, known by both its ids',
    '120363000000000001@g.us',
    { participant: lid, participantAlt: pn },
    pn,
    lid,
  ],
  ['its status', 'status@broadcast', { participant: pn }, pn, null],
])('an edit of a contact in %s is the contact’s, not one’s own', async (_, chat, by, id, altId) => {
  const session = await openSession(api, receiver, 'evolution')
  await postJson(session.ingestUrl, upsert('3EB0G1', { remoteJid: chat, ...by }))
  await postJson(session.ingestUrl, upsert('3EB0G2', { remoteJid: chat, fromMe: true }))
  for (const message of ['3EB0G1', '3EB0G1', '3EB0G2'])
    await postJson(session.ingestUrl, edited(message, chat))
  await postJson(session.ingestUrl, edited('3EB0G1', chat, { type: 'REVOKE' }))
  const theirs = { chat: { id: chat }, fromMe: false, byMe: false, sender: { id, altId } }
  expect((await session.events()).slice(2)).toMatchObject([
    { type: 'message.edited', messageId: '3EB0G1', ...theirs },
    { type: 'message.edited', messageId: '3EB0G2', fromMe: true, byMe: true },
    { type: 'message.deleted', messageId: '3EB0G1', ...theirs },
  ])
})

test('a deletion by a contact is in the contact’s chat', async () => {
  const session = await openSession(api, receiver, 'evolution')
  await postJson(session.ingestUrl, upsert('3EB0C3', { remoteJid: pn }))
  await postJson(session.ingestUrl, edited('3EB0C3', own, { type: 'REVOKE' }))
  expect((await session.events())[1]).toMatchObject({
    type: 'message.deleted',
    chat: { id: pn },
    fromMe: false,
    byMe: false,
  })
})
