import { expect, test } from 'vitest'
import { baileysMessage } from '../wire/baileys.ts'
import { type Reading, readMessage } from './content.ts'
import type { MessageContent } from './message.ts'
import { respell, respellKey } from '../wire/spelling.ts'

function content(reading: Reading): MessageContent {
  if (reading.kind !== 'content') throw new Error(`read as ${reading.kind}`)
  return reading.content
}

test.each([
  ['conversation', { conversation: 'oi' }, 'text'],
  ['a text with a preview', { extendedTextMessage: { text: 'oi' } }, 'text'],
  [
    'an image in an ephemeral chat',
    { ephemeralMessage: { message: { imageMessage: { caption: 'oi' } } } },
    'image',
  ],
  [
    'a view-once video',
    { viewOnceMessageV2: { message: { videoMessage: { caption: 'oi' } } } },
    'video',
  ],
  [
    'a view-once voice note in an ephemeral chat',
    {
      ephemeralMessage: {
        message: { viewOnceMessageV2Extension: { message: { audioMessage: {} } } },
      },
    },
    'audio',
  ],
  [
    'a document with caption',
    { documentWithCaptionMessage: { message: { documentMessage: { caption: 'oi' } } } },
    'document',
  ],
  ['a round video', { ptvMessage: {} }, 'video'],
  ['an animated sticker', { lottieStickerMessage: { message: { stickerMessage: {} } } }, 'sticker'],
  [
    'an own message from another device',
    { deviceSentMessage: { destinationJid: '1@lid', message: { conversation: 'oi' } } },
    'text',
  ],
  [
    'a first group message with its key',
    { senderKeyDistributionMessage: {}, messageContextInfo: {}, conversation: 'oi' },
    'text',
  ],
  ['a poll', { pollCreationMessageV3: { name: 'oi', options: [{ optionName: 'a' }] } }, 'poll'],
  ['something newer than this program', { shinyNewMessage: { a: 1 } }, 'unknown'],
])('%s is read', (_, message, type) => {
  const read = content(readMessage(message))
  expect(read.type).toBe(type)
  if (JSON.stringify(message).includes('"oi"')) expect(read.text).toBe('oi')
})

test('view-once is remembered from the wrapper', () => {
  expect(
    content(readMessage({ viewOnceMessageV2: { message: { imageMessage: {} } } })).viewOnce,
  ).toBe(true)
})

test('a message nested without end is not followed', () => {
  let message: object = { conversation: 'deep' }
  for (let i = 0; i < 1000; i++) message = { ephemeralMessage: { message } }
  expect(content(readMessage(message)).type).toBe('unknown')
})

test('key material alone is no message, and says so', () => {
  expect(readMessage({ senderKeyDistributionMessage: { groupId: 'x' } })).toEqual({
    kind: 'empty',
    keys: true,
  })
  expect(readMessage({ messageContextInfo: {} })).toEqual({ kind: 'empty', keys: false })
  expect(readMessage(null)).toEqual({ kind: 'empty', keys: false })
  expect(readMessage({ protocolMessage: { type: 6, appStateSyncKeyShare: {} } })).toEqual({
    kind: 'protocol',
    name: 'APP_STATE_SYNC_KEY_SHARE',
    secret: true,
  })
})

const key = {
  id: 'ABC',
  remoteJid: '5511999999999@s.whatsapp.net',
  fromMe: true,
  participant: null,
}

test.each([[{ type: 0, key }], [{ type: 'REVOKE', key }], [{ key }]])(
  'a revoke is told by number, by name, and by default: %j',
  (protocolMessage) => {
    expect(readMessage({ protocolMessage })).toEqual({ kind: 'revoke', target: key })
  },
)

test.each([
  ['bare', (edit: object) => edit],
  ['wrapped', (edit: object) => ({ editedMessage: { message: edit } })],
])('an edit is read when it comes %s', (_, wrap) => {
  const edit = {
    protocolMessage: {
      type: 14,
      key,
      timestampMs: '1699876543210',
      editedMessage: { conversation: 'nova' },
    },
  }
  const read = readMessage(wrap(edit))
  expect(read).toMatchObject({
    kind: 'edit',
    target: key,
    atMs: 1_699_876_543_210,
    content: { text: 'nova' },
  })
})

test('a reaction and its taking back name their target', () => {
  expect(readMessage({ reactionMessage: { key, text: '👍', senderTimestampMs: 5 } })).toEqual({
    kind: 'reaction',
    target: key,
    emoji: '👍',
    atMs: 5,
  })
  expect(readMessage({ reactionMessage: { key, text: '' } })).toMatchObject({ emoji: '' })
})

test('quoted message, mentions, forwarding and expiry are read from the context', () => {
  const read = content(
    readMessage({
      extendedTextMessage: {
        text: '@1 veja',
        contextInfo: {
          stanzaId: 'Q1',
          participant: '5511888888888:2@s.whatsapp.net',
          quotedMessage: { imageMessage: { caption: 'foto' } },
          mentionedJid: ['1:3@lid', 'nobody'],
          isForwarded: true,
          expiration: { low: 86_400, high: 0, unsigned: true },
        },
      },
    }),
  )
  expect(read).toMatchObject({
    quoted: {
      messageId: 'Q1',
      senderId: '5511888888888@s.whatsapp.net',
      type: 'image',
      text: 'foto',
    },
    mentions: ['1@lid'],
    forwarded: true,
    expirationSeconds: 86_400,
  })
})

const go = {
  imageMessage: {
    URL: 'https://mmg.whatsapp.net/x',
    mimetype: 'image/jpeg',
    fileSHA256: 'AQI=',
    fileEncSHA256: 'AwQ=',
    fileLength: 12_345,
    mediaKey: 'BQY=',
    directPath: '/x',
    JPEGThumbnail: '/9j/',
    contextInfo: { stanzaID: 'Q', mentionedJID: ['1@lid'], remoteJID: 'r@s.whatsapp.net' },
  },
}

test('Go’s spelling and Baileys’ give the same content', () => {
  const baileys = {
    imageMessage: {
      url: 'https://mmg.whatsapp.net/x',
      mimetype: 'image/jpeg',
      fileSha256: { 0: 1, 1: 2 },
      fileEncSha256: { type: 'Buffer', data: [3, 4] },
      fileLength: { low: 12_345, high: 0, unsigned: true },
      mediaKey: 'BQY=',
      directPath: '/x',
      contextInfo: { stanzaId: 'Q', mentionedJid: ['1@lid'], remoteJid: 'r@s.whatsapp.net' },
    },
  }
  expect(readMessage(respell(go))).toEqual(readMessage(baileys))
})

test.each([
  ['URL', 'url'],
  ['PTT', 'ptt'],
  ['JPEGThumbnail', 'jpegThumbnail'],
  ['fileSHA256', 'fileSha256'],
  ['fileEncSHA256', 'fileEncSha256'],
  ['stanzaID', 'stanzaId'],
  ['mentionedJID', 'mentionedJid'],
  ['senderTimestampMS', 'senderTimestampMs'],
  ['ID', 'id'],
  ['viewOnceMessageV2', 'viewOnceMessageV2'],
  ['pollCreationMessageV3', 'pollCreationMessageV3'],
  ['conversation', 'conversation'],
  ['groupJID', 'groupJid'],
])('%s is spelled %s', (given, spelled) => {
  expect(respellKey(given)).toBe(spelled)
})

test('Baileys’ message is the gateway’s own where there is one, else made of the content and read back so', () => {
  const read = content(readMessage(respell(go)))
  const raw = { source: 'whatsmeow', name: 'Message', id: null, event: { Message: go } }
  expect(baileysMessage({ raw, content: read })['imageMessage']).toMatchObject({
    url: 'https://mmg.whatsapp.net/x',
    jpegThumbnail: '/9j/',
  })
  const made = baileysMessage({ raw: { ...raw, source: 'gowa', event: {} }, content: read })
  const again = content(readMessage(made))
  expect({ ...again, quoted: null }).toEqual({ ...read, quoted: null })
  expect(again.quoted?.messageId).toBe('Q')
})
