import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPombo, type TestPombo } from '../../../server/test/support/pombo-app.ts'
import { connectBaileys } from '../../src/connection.ts'
import { realEmitter } from '../real-baileys.ts'
import { decoded, group, image, lid, ownText, person } from '../samples.ts'

// Pombo itself, on a database of its own: what it makes of what this package sends.
let pombo: TestPombo

beforeAll(async () => {
  pombo = await startPombo()
})

afterAll(async () => {
  await pombo.stop()
})

interface Message {
  eventType: string
  payload: { messageId?: string; content?: { text?: string } }
}

async function messagesOf(session: string): Promise<Message[]> {
  const { body, status } = await pombo.call(
    'GET',
    `/api/v1/app/${session}/msg?limit=250&with_content=true`,
    { headers: { authorization: `Bearer ${pombo.key}` } },
  )
  expect(status).toBe(200)
  return (body as { data: Message[] }).data.reverse()
}

const typesOf = (messages: Message[]) => messages.map(({ eventType }) => eventType)

test('Pombo understands all of it, and a message is told in every step, though Baileys skipped some', async () => {
  const sock = realEmitter()
  const connection = connectBaileys(sock, {
    pombo: { url: pombo.url, token: pombo.key },
    session: 'loja',
  })
  const own = { remoteJid: person, fromMe: true, id: 'OWN' }
  sock.ev.emit('connection.update', { qr: '2@code' })
  sock.ev.emit('connection.update', { connection: 'open' })
  const received = decoded({
    key: { remoteJid: group, participant: lid, fromMe: false, id: 'IN' },
    messageTimestamp: 1_762_510_200,
    message: { conversation: 'Olá' },
  })
  sock.ev.emit('messages.upsert', { messages: [received], type: 'append' })
  sock.ev.emit('messages.upsert', { messages: [ownText('OWN', 1)], type: 'append' })
  sock.ev.emit('messages.update', [{ key: own, update: { status: 4 } }])
  sock.ev.emit('messages.update', [{ key: own, update: { status: 3 } }])
  sock.ev.emit('lid-mapping.update', { lid, pn: person })
  expect(await connection.flush({ timeoutMs: 10_000 })).toBe(true)
  const stats = await connection.close()
  expect(stats).toMatchObject({ sent: 7, inferred: 1, lastError: null })
  // The step that came late was known already.
  expect(stats.answers).toEqual({ accepted: 7, duplicate: 1, filtered: 0, skipped: 0 })

  const messages = await messagesOf('loja')
  expect(typesOf(messages)).toEqual([
    'session.qr_updated',
    'session.connected',
    'message.received',
    'message.sent',
    'message.delivered',
    'message.read',
    'contact.lid_mapped',
  ])
  expect(messages[2]?.payload).toMatchObject({ messageId: 'IN', content: { text: 'Olá' } })
})

test('edits, revokes, reactions, stubs, members’ receipts, both identities, Longs, bytes: all are read', async () => {
  const sock = realEmitter()
  const connection = connectBaileys(sock, {
    pombo: { url: pombo.url, token: pombo.key },
    session: 'kinds',
  })
  const key = { remoteJid: lid, remoteJidAlt: person, fromMe: false, id: 'M1' }
  const member = { remoteJid: group, participant: lid, fromMe: false }
  // As the socket gives it: a Long of protobuf for its length, a Uint8Array for its key.
  sock.ev.emit('messages.upsert', { messages: [image], type: 'notify' })
  sock.ev.emit('messages.update', [
    { key, update: { message: { editedMessage: { message: { conversation: 'nova' } } } } },
  ])
  sock.ev.emit('messages.update', [
    { key, update: { message: null, messageStubType: 1, key: { ...key, id: 'REVOKER' } } },
  ])
  const { message } = decoded({
    key: { ...member, id: 'R1' },
    message: { reactionMessage: { key, text: '👍', senderTimestampMs: 1_762_510_200_123 } },
  })
  const thumb = { ...message!.reactionMessage, key: { ...member, id: 'R1' } }
  sock.ev.emit('messages.reaction', [{ key, reaction: thumb }])
  const stub = { messageStubType: 2, messageStubParameters: ['No session record'] }
  const unread = decoded({ key: { ...member, id: 'S1' }, messageTimestamp: 1_762_510_200, ...stub })
  sock.ev.emit('messages.upsert', { messages: [unread], type: 'notify' })
  const receipt = { userJid: lid, receiptTimestamp: 1_762_510_201, readTimestamp: 1_762_510_202 }
  sock.ev.emit('message-receipt.update', [
    { key: { remoteJid: group, fromMe: true, id: 'G1' }, receipt },
  ])
  expect(await connection.flush({ timeoutMs: 10_000 })).toBe(true)
  await connection.close()

  const messages = await messagesOf('kinds')
  expect(messages.map(({ eventType, payload }) => [eventType, payload.messageId])).toEqual([
    ['message.received', 'IMG1'],
    ['message.edited', 'M1'],
    ['message.deleted', 'M1'],
    ['message.reaction', 'M1'],
    ['message.undecryptable', 'S1'],
    ['message.delivered', 'G1'],
    ['message.read', 'G1'],
  ])
  const [received, edited, , reaction, undecryptable, , read] = messages.map(
    ({ payload }) => payload as unknown,
  )
  expect(received).toMatchObject({
    sender: { id: lid },
    content: { type: 'image', text: 'Olá', media: { fileLength: 123_456, mediaKey: 'AQID' } },
  })
  expect(edited).toMatchObject({ chat: { id: lid, altId: person }, content: { text: 'nova' } })
  expect(reaction).toMatchObject({ emoji: '👍', at: '2025-11-07T10:10:00.123Z' })
  expect(undecryptable).toMatchObject({ reason: 'No session record', chat: { kind: 'group' } })
  expect(read).toMatchObject({ by: { id: lid }, fromMe: true })
})

test('a batch that Pombo took, but whose answer was lost, is known when it comes again', async () => {
  const sock = realEmitter()
  let isLost = true
  const connection = connectBaileys(sock, {
    session: 'again',
    pombo: {
      url: pombo.url,
      token: pombo.key,
      async fetch(...request) {
        const response = await fetch(...request)
        if (!isLost) return response
        isLost = false
        throw new TypeError('terminated')
      },
    },
  })
  // Neither names a time or an id of its own: only the batch's ids tell that it is a repeat.
  sock.ev.emit('connection.update', { connection: 'open' })
  sock.ev.emit('group-participants.update', {
    id: group,
    author: lid,
    participants: [{ id: lid }],
    action: 'add',
  })
  expect(await connection.flush({ timeoutMs: 10_000 })).toBe(true)
  const { answers } = await connection.close()
  expect(answers).toMatchObject({ accepted: 0, duplicate: 2 })
  expect(typesOf(await messagesOf('again'))).toEqual([
    'session.connected',
    'group.participants_updated',
  ])
})
