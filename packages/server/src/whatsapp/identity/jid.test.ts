import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chatOf, isLid, jidOfUser, normaliseJid, parseJid, personOf, phoneOf } from './jid.ts'

test.each([
  ['5511999999999@s.whatsapp.net', '5511999999999@s.whatsapp.net'],
  ['5511999999999:12@s.whatsapp.net', '5511999999999@s.whatsapp.net'],
  ['5511999999999.0:12@s.whatsapp.net', '5511999999999@s.whatsapp.net'],
  ['5511999999999_1:3@s.whatsapp.net', '5511999999999@s.whatsapp.net'],
  ['5511999999999@c.us', '5511999999999@s.whatsapp.net'],
  ['+5511999999999@c.us', '5511999999999@s.whatsapp.net'],
  ['123456789012345:7@lid', '123456789012345@lid'],
  ['120363012345678901@g.us', '120363012345678901@g.us'],
  ['5511999999999-1543210987@g.us', '5511999999999-1543210987@g.us'],
  ['status@broadcast', 'status@broadcast'],
  ['', null],
  [undefined, null],
  ['no jid', null],
  ['x@', null],
  [42, null],
])('%s is normalised to %s', (given, normal) => {
  expect(normaliseJid(given)).toBe(normal)
})

test('normalising twice changes nothing, whatever the text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(fc.string(), fc.string()).map((two) => two.join('@')),
      ),
      (text) => {
        const once = normaliseJid(text)
        if (once !== null && once.includes('@')) expect(normaliseJid(once)).toBe(once)
      },
    ),
  )
})

test('the device is kept for who asks', () => {
  expect(parseJid('5511999999999:12@s.whatsapp.net')).toEqual({
    user: '5511999999999',
    device: 12,
    server: 's.whatsapp.net',
  })
})

test.each([
  ['5511999999999', '5511999999999@s.whatsapp.net'],
  ['120363012345678901', '120363012345678901@g.us'],
  ['5511999999999-1543210987', '5511999999999-1543210987@g.us'],
  ['status', 'status@broadcast'],
  ['5511999999999:3@s.whatsapp.net', '5511999999999@s.whatsapp.net'],
  ['', null],
])('a bare user %s is %s', (user, jid) => {
  expect(jidOfUser(user)).toBe(jid)
})

test.each([
  ['5511999999999@c.us', 'person'],
  ['1@lid', 'person'],
  ['1-2@g.us', 'group'],
  ['1@newsletter', 'channel'],
  ['status@broadcast', 'status'],
  ['1543210987@broadcast', 'broadcast'],
])('%s is a %s', (jid, kind) => {
  expect(chatOf(jid)?.kind).toBe(kind)
})

test('a phone number is told from a LID, and found under either identity', () => {
  expect(isLid('1@lid')).toBe(true)
  expect(phoneOf('1@lid')).toBeNull()
  expect(phoneOf('1-2@g.us')).toBeNull()
  expect(personOf('1@lid', '5511999999999:4@s.whatsapp.net')).toEqual({
    id: '1@lid',
    altId: '5511999999999@s.whatsapp.net',
    phone: '5511999999999',
    name: null,
    imageUrl: null,
  })
})

test('an identity is not its own alternative, and Go’s empty JID is none', () => {
  expect(personOf('5511999999999@s.whatsapp.net', '5511999999999:4@c.us')?.altId).toBeNull()
  expect(personOf('1@lid', '')?.altId).toBeNull()
  expect(personOf('')).toBeNull()
})
