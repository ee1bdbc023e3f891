import { expect, test } from 'vitest'
import { identity } from '../../whatsapp/identity/event-identity.ts'
import type { EventOf } from '../../whatsapp/whatsapp.ts'
import { readReceived } from './received.ts'

const job = {
  sessionId: 'abc-123',
  waMessageId: '3EB0C7A1',
  from: '5511999999999@s.whatsapp.net',
  type: 'text',
  content: { text: 'Hello' },
  timestamp: 1_699_876_543,
}

function read(data: unknown): EventOf<'message.received'> {
  const one = readReceived(data, 0)
  if (!one.ok || one.event?.type !== 'message.received') throw new Error(JSON.stringify(one))
  return one.event
}

test('the document’s job is a message from a person, at its own time, with the job beside it', () => {
  expect(read(job)).toMatchObject({
    session: 'abc-123',
    timestamp: 1_699_876_543,
    chat: { id: '5511999999999@s.whatsapp.net', kind: 'person' },
    sender: { phone: '5511999999999' },
    messageId: '3EB0C7A1',
    fromMe: false,
    content: { type: 'text', text: 'Hello', media: null },
    raw: { source: 'zaphub', event: job },
  })
})

test('a message in a group has its sender, by participant or by from', () => {
  const group = { ...job, chatId: '120363025246125486@g.us', chatName: 'Família', isGroup: true }
  expect(read(group)).toMatchObject({
    chat: { id: '120363025246125486@g.us', kind: 'group', name: 'Família' },
    sender: { phone: '5511999999999' },
  })
  const other = { ...group, from: group.chatId, participant: '5511888888888@s.whatsapp.net' }
  expect(read({ ...other, participantName: 'João' })).toMatchObject({
    chat: { id: group.chatId },
    sender: { phone: '5511888888888', name: 'João' },
  })
})

test('raw_media becomes the encrypted file’s data, a URL in content the stored file', () => {
  const raw_media = { url: 'https://mmg.whatsapp.net/1.enc', mediaKey: 'CQgH', fileLength: 54_321 }
  const content = { caption: 'Foto', mimetype: 'image/jpeg' }
  expect(read({ ...job, type: 'image', content, raw_media }).content).toMatchObject({
    type: 'image',
    text: 'Foto',
    media: { ...raw_media, mimetype: 'image/jpeg' },
  })
  const stored = { ...job, type: 'audioMessage', content: { url: 'https://zaphub.example/a.ogg' } }
  expect(read(stored).content.media).toEqual({ storedUrl: 'https://zaphub.example/a.ogg' })
})

test('the same message in the same chat is a repeat, whatever else the job says', () => {
  const again = read({ ...job, content: { text: 'Other' }, timestamp: 1 })
  expect(identity(again)).toEqual(identity(read(job)))
  expect(identity(read({ ...job, waMessageId: 'X' }))).not.toEqual(identity(read(job)))
})

test('without session or message id a job is nobody’s; without a chat it is an event as it came', () => {
  for (const [data, problem] of [
    [null, 'its data is no object'],
    [{ ...job, sessionId: '' }, 'its data has no sessionId'],
    [{ ...job, waMessageId: undefined }, 'its data has no waMessageId'],
  ])
    expect(readReceived(data, 0)).toEqual({ ok: false, problem })
  expect(readReceived({ ...job, from: undefined }, 0)).toMatchObject({ ok: true, event: null })
  expect(readReceived({ ...job, from: {}, content: 12, type: [] }, 0)).toMatchObject({ ok: true })
})
