// Names, pictures, and which LID is which phone number: what a session's own events told, put into the later ones.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namesWaitMs } from '../../src/sources/intake/profiles/profiles.ts'
import type { EventOf } from '../../src/whatsapp/whatsapp.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type GatewaySession, openSession, postJson, textMessage } from '../support/gateway.ts'
import { until } from '../support/receiver.ts'

let api: TestApi
let other: TestApi
beforeAll(async () => {
  api = await startApi()
  other = await api.second()
})
afterAll(async () => {
  await other?.stop()
  await api?.stop()
})

const pn = '5511999990001@s.whatsapp.net'
const lid = '112233445566778@lid'
const group = '120363012345678901@g.us'

const baileys = () => openSession(api, undefined, 'baileys')
const tell = async ({ ingestUrl }: GatewaySession, event: string, data: unknown, on = api) => {
  const answer = await postJson(ingestUrl.replace(api.url, on.url), { event, data })
  expect(answer.status).toBe(200)
}
const say = async ({ ingestUrl }: GatewaySession, message: object, on = api) =>
  expect((await postJson(ingestUrl.replace(api.url, on.url), message)).status).toBe(200)
const last = async (session: GatewaySession) =>
  (await session.events()).at(-1) as EventOf<'message.received'>

test('a name that came once is in what comes later, whatever told it', async () => {
  const session = await baileys()
  await say(session, textMessage('A0'))
  expect(await last(session)).toMatchObject({
    chat: { name: null },
    sender: { name: null, imageUrl: null },
  })
  await tell(session, 'contacts.upsert', [
    { id: pn, name: 'Maria Silva', imgUrl: 'https://pps.example/maria.jpg' },
  ])
  await tell(session, 'groups.upsert', [
    { id: group, subject: 'Família', participants: [], creation: 1_700_000_000, owner: pn },
  ])
  await say(session, textMessage('A1'))
  expect(await last(session)).toMatchObject({
    chat: { id: pn, name: 'Maria Silva', imageUrl: 'https://pps.example/maria.jpg' },
    sender: { name: 'Maria Silva', imageUrl: 'https://pps.example/maria.jpg' },
  })
  await say(session, textMessage('A2', { jid: group, participant: pn }))
  expect(await last(session)).toMatchObject({
    chat: { name: 'Família' },
    sender: { name: 'Maria Silva' },
  })
  await tell(session, 'groups.update', [{ id: group, subject: 'Família Silva' }])
  await say(session, textMessage('A3', { jid: group, participant: pn, pushName: 'Mari' }))
  // What the event itself says stands.
  expect(await last(session)).toMatchObject({
    chat: { name: 'Família Silva' },
    sender: { name: 'Mari' },
  })
})

test('the list of contacts is kept out as noise, and its names are kept all the same', async () => {
  const session = await openSession(api, undefined, 'evolution')
  await postJson(session.ingestUrl, {
    event: 'contacts.set',
    instance: 'loja',
    data: [{ remoteJid: pn, pushName: 'João', profilePicUrl: null, instanceId: 'i' }],
  })
  expect(await session.messages()).toEqual([])
  await postJson(session.ingestUrl, {
    event: 'messages.upsert',
    instance: 'loja',
    data: {
      key: { remoteJid: pn, fromMe: false, id: 'B1' },
      message: { conversation: 'oi' },
      messageType: 'conversation',
      messageTimestamp: 1_762_510_200,
    },
  })
  expect((await last(session)).sender).toMatchObject({ name: 'João' })
})

test('LID and phone number are learned from whatever names both, and given to what names one', async () => {
  const session = await baileys()
  await say(session, textMessage('C1', { jid: lid, alt: pn, pushName: 'Ana' }))
  await say(session, textMessage('C2', { jid: lid }))
  expect(await last(session)).toMatchObject({
    chat: { id: lid, altId: pn, name: 'Ana' },
    sender: { id: lid, altId: pn, phone: '5511999990001', name: 'Ana' },
  })
  await say(session, textMessage('C3', { jid: pn }))
  expect(await last(session)).toMatchObject({ chat: { id: pn, altId: lid, name: 'Ana' } })
  // The chat's order does not depend on how it is addressed.
  const keys = (await session.messages()).map(({ ordering_key }) => ordering_key)
  expect(new Set(keys).size).toBe(1)
})

test('another node has it from the database', async () => {
  const session = await baileys()
  await tell(session, 'contacts.upsert', [{ id: pn, name: 'Maria', lid }])
  await api.intake.profiles.flush()
  await say(session, textMessage('D1', { jid: lid }), other)
  expect(await last(session)).toMatchObject({
    sender: { name: 'Maria', altId: pn, phone: '5511999990001' },
  })
})

test('the account’s own name for itself is nobody’s name', async () => {
  const session = await baileys()
  const me = { id: '5511988880000:3@s.whatsapp.net', name: 'Você' }
  await say(session, { ...textMessage('E1', { fromMe: true, pushName: 'Você' }), me })
  expect(await last(session)).toMatchObject({ sender: { name: 'Você' } })
  await api.intake.profiles.flush()
  const { rows } = await api.database.pool.query('select name from profile where app_id = $1', [
    session.appUuid,
  ])
  expect(JSON.stringify(rows)).not.toContain('Você')
})

test('a picture that is removed is forgotten, on every node in time', async () => {
  const session = await openSession(api, undefined, 'whatsmeow')
  const picture = (Remove: boolean) => ({
    type: 'Picture',
    event: {
      JID: pn,
      Author: pn,
      Timestamp: '2025-11-07T10:00:00Z',
      Remove,
      PictureID: Remove ? '' : '1',
    },
  })
  const message = (ID: string) => ({
    type: 'Message',
    event: {
      Info: {
        Chat: pn,
        Sender: pn,
        IsFromMe: false,
        IsGroup: false,
        ID,
        Timestamp: '2025-11-07T10:00:00Z',
        PushName: '',
      },
      Message: { conversation: 'oi' },
    },
  })
  await api.database.pool.query(
    `insert into profile (app_id, jid, tenant_id, name, image_url)
     select id, $2, tenant_id, 'M', 'https://pps.example/m.jpg' from app where id = $1`,
    [session.appUuid, pn],
  )
  await say(session, message('P1'))
  expect((await last(session)).sender).toMatchObject({ imageUrl: 'https://pps.example/m.jpg' })
  await say(session, picture(true))
  await say(session, message('P2'))
  expect((await last(session)).sender).toMatchObject({ name: 'M', imageUrl: null })
  await until(async () => {
    const { rows } = await api.database.pool.query(
      'select 1 from profile where app_id = $1 and image_url is null',
      [session.appUuid],
    )
    return rows.length === 1
  })
})

test('an erasure by the number finds what names the LID alone, and every node forgets both', async () => {
  const session = await baileys()
  const [pn, lid] = ['5511988887777@s.whatsapp.net', '998877665544332@lid']
  const inGroup = (id: string, participant: string) =>
    textMessage(id, { jid: group, participant, pushName: participant === lid ? 'Bia' : 'Rui' })
  await say(session, inGroup('H1', lid))
  await say(session, inGroup('H2', '112233445566778@lid'))
  await tell(session, 'contacts.upsert', [{ id: pn, name: 'Bia Souza', lid }])
  await api.intake.profiles.flush()
  const named = async (id: string) => {
    await say(session, { ...textMessage(id, { jid: group, participant: lid }) }, other)
    return (await last(session)).sender
  }
  expect(await named('H3')).toMatchObject({ name: 'Bia Souza', phone: '5511988887777' })
  const asked = { phone: '+55 11 98888-7777' }
  const shown = await api.call('POST', '/api/v1/privacy/export', { body: asked })
  const { body } = await api.call('POST', '/api/v1/privacy/erase', { body: asked })
  expect(body.erased).toMatchObject({ profiles: 2, messages: shown.body.messages.length })
  const rest = (await session.messages()).filter(({ payload }) => payload !== null)
  expect(rest.map(({ payload }) => JSON.parse(payload).messageId)).toEqual(['H2'])
  let n = 0
  await until(async () => (await named(`H4-${(n += 1)}`))?.name === null)
  expect(await named('H5')).toMatchObject({ id: lid, altId: null, phone: null })
})

test('a name that another node has not written when its person is erased does not come back', async () => {
  const session = await baileys()
  const jid = '5511977776666@s.whatsapp.net'
  await tell(session, 'contacts.upsert', [{ id: jid, name: 'Cida' }], other)
  await api.call('POST', '/api/v1/privacy/erase', { body: { phone: '+55 11 97777-6666' } })
  await other.intake.profiles.flush()
  const { rows } = await api.database.pool.query('select from profile where jid = $1', [jid])
  expect(rows).toEqual([])
})

test('names that were told while the database was away are written when it is back', async () => {
  const session = await baileys()
  await tell(session, 'contacts.upsert', [{ id: pn, name: 'Maria' }])
  // As a node does that could not read for a while what others changed.
  api.intake.profiles.forget(undefined)
  await api.intake.profiles.flush()
  await say(session, textMessage('I1'), other)
  expect(await last(session)).toMatchObject({ sender: { name: 'Maria' } })
})

test('sessions do not learn from each other', async () => {
  const [one, two] = [await baileys(), await baileys()]
  await say(one, textMessage('F1', { pushName: 'Maria' }))
  await say(two, textMessage('F1'))
  expect((await last(two)).sender).toMatchObject({ name: null })
})

test('names are not waited for: an event goes on while the database is stuck with them', async () => {
  const session = await baileys()
  const hasty = await api.second({ namesWaitMs })
  await say(session, textMessage('G0'), hasty)
  const holder = await api.database.pool.connect()
  try {
    await holder.query('begin')
    await holder.query('lock table profile in access exclusive mode')
    await say(session, textMessage('G1', { jid: '5511777770001@s.whatsapp.net' }), hasty)
    expect(await last(session)).toMatchObject({ messageId: 'G1', sender: { name: null } })
  } finally {
    await holder.query('rollback')
    holder.release()
    await hasty.stop()
  }
})

test('names that no column can hold do not keep the others from being written', async () => {
  const session = await baileys()
  await tell(session, 'contacts.upsert', [
    { id: '5511999990002@s.whatsapp.net', name: 'x'.repeat(3_000) },
    { id: '5511999990003@s.whatsapp.net', name: 'Rui' },
  ])
  await api.intake.profiles.flush()
  const { rows } = await api.database.pool.query<{ name: string }>(
    'select name from profile where app_id = $1',
    [session.appUuid],
  )
  expect(rows).toEqual([{ name: 'Rui' }])
  expect(api.logged).toEqual([])
})
