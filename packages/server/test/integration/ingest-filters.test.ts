// What is kept out, at the source and at endpoints, and how it is told.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../support/api-server.ts'
import { openSession, postJson, textMessage } from '../support/gateway.ts'
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

const presence = (id = '5511999990001@s.whatsapp.net') => ({
  event: 'presence.update',
  data: { id, presences: { [id]: { lastKnownPresence: 'available' } } },
})
const group = { jid: '120363012345678901@g.us', participant: '5511999990002@s.whatsapp.net' }

test('presence and history stay out unless they are asked for', async () => {
  const quiet = await openSession(api, undefined, 'baileys')
  const noisy = await openSession(api, undefined, 'baileys', { filters: { noisy: true } })
  const named = await openSession(api, undefined, 'baileys', {
    filters: { events: ['presence.*'] },
  })
  for (const { ingestUrl } of [quiet, noisy, named]) {
    await postJson(ingestUrl, presence())
    await postJson(ingestUrl, textMessage('A1'))
  }
  const types = async (session: typeof quiet) => (await session.events()).map(({ type }) => type)
  expect(await types(quiet)).toEqual(['message.received'])
  expect(await types(noisy)).toEqual(['presence.updated', 'message.received'])
  expect(await types(named)).toEqual(['presence.updated'])
  expect(await quiet.stats()).toMatchObject({
    received: 2,
    accepted: 1,
    filtered: 1,
    filteredBy: { noise: 1 },
  })
})

test('every reason is counted by its name, and nothing is lost between the counts', async () => {
  const session = await openSession(api, undefined, 'baileys', {
    filters: {
      exceptEvents: ['call.*'],
      chatKinds: ['person', 'group'],
      fromMe: false,
      messageTypes: ['text'],
      deny: ['5511999990666'],
      allow: ['5511999990001', '5511999990666', group.jid],
    },
  })
  const sticker = textMessage('T1')
  sticker.data.messages[0]!.message = { stickerMessage: { mimetype: 'image/webp' } } as never
  for (const body of [
    textMessage('P1'),
    textMessage('G1', group),
    textMessage('S1', { jid: 'status@broadcast', participant: '5511999990001@s.whatsapp.net' }),
    textMessage('O1', { fromMe: true }),
    sticker,
    textMessage('D1', { jid: '5511999990666@s.whatsapp.net' }),
    textMessage('N1', { jid: '5511999990777@s.whatsapp.net' }),
    {
      event: 'call',
      data: [
        {
          id: 'c',
          chatId: '5511999990001@s.whatsapp.net',
          from: '5511999990001@s.whatsapp.net',
          status: 'offer',
          date: '2025-11-07T10:00:00Z',
          isVideo: false,
          isGroup: false,
          offline: false,
        },
      ],
    },
    presence(),
  ])
    expect((await postJson(session.ingestUrl, body)).status).toBe(200)
  expect(await session.events()).toMatchObject([{ messageId: 'P1' }, { messageId: 'G1' }])
  expect(await session.stats()).toMatchObject({
    received: 9,
    accepted: 2,
    filtered: 7,
    filteredBy: {
      chat_kind: 1,
      from_me: 1,
      message_type: 1,
      denied: 1,
      not_allowed: 1,
      event: 1,
      noise: 1,
    },
  })
})

test('a change of the filters counts from the next event on, and soon on every node', async () => {
  const other = await api.second()
  try {
    const session = await openSession(api, undefined, 'baileys')
    const post = async (id: string, on: TestApi) => {
      const answer = await postJson(session.ingestUrl.replace(api.url, on.url), textMessage(id))
      return (await answer.json()) as { accepted: number; filtered: number }
    }
    expect(await post('C0', other)).toMatchObject({ accepted: 1 })
    await api.call('PATCH', `/api/v1/app/${session.app}/source/${session.source}`, {
      body: { filters: { fromMe: true } },
    })
    expect(await post('C1', api)).toMatchObject({ accepted: 0, filtered: 1 })
    let n = 1
    await until(async () => (await post(`C${(n += 1)}`, other)).filtered === 1)
  } finally {
    await other.stop()
  }
})

test('each endpoint may want other chats, and what no endpoint wants says why', async () => {
  const session = await openSession(
    api,
    receiver,
    'baileys',
    {},
    { chatFilter: { chatKinds: ['group'] } },
  )
  await api.call('POST', `/api/v1/app/${session.app}/endpoint`, {
    body: {
      url: `${receiver.url}/people-${session.app}`,
      chatFilter: { chatKinds: ['person'], fromMe: false },
    },
  })
  const people = () => receiver.received.filter(({ path }) => path === `/people-${session.app}`)
  await postJson(session.ingestUrl, textMessage('E1'))
  await postJson(session.ingestUrl, textMessage('E2', group))
  await postJson(session.ingestUrl, textMessage('E3', { fromMe: true }))
  await until(() => session.delivered().length >= 1 && people().length >= 1)
  expect(session.delivered().map(({ body }) => JSON.parse(body).messageId)).toEqual(['E2'])
  expect(people().map(({ body }) => JSON.parse(body).messageId)).toEqual(['E1'])
  const [, , own] = await session.messages()
  expect(own!.unmatched).toBe('no endpoint matched: 2 excluded by their chat filter (chat kind)')
  // What is no WhatsApp event, no chat filter is asked about.
  await api.svix.message.create(session.app, {
    eventType: 'other',
    payload: { chat: { kind: 'person' } },
  })
  await until(() => session.delivered().length === 2 && people().length === 2)
})

test('an endpoint’s chat filter can be read back, changed and taken away', async () => {
  const session = await openSession(
    api,
    receiver,
    'baileys',
    {},
    { uid: 'main', chatFilter: { deny: ['5511999990001'] } },
  )
  const path = `/api/v1/app/${session.app}/endpoint/main`
  expect((await api.call('GET', path)).body.chatFilter).toEqual({ deny: ['5511999990001'] })
  const wrong = await api.call('PATCH', path, { body: { chatFilter: { allow: ['no one'] } } })
  expect(wrong.body.detail).toMatchObject([{ loc: ['body', 'chatFilter', 'allow'] }])
  expect((await api.call('PATCH', path, { body: { chatFilter: null } })).body.chatFilter).toBeNull()
})
