import { expect, test } from 'vitest'
import { canonicalEvents } from './catalogue.ts'
import { type WhatsAppEvent, applyByType, fallbackType, isFallback, readEvent } from './whatsapp.ts'

const qr: WhatsAppEvent = {
  type: 'session.qr_updated',
  session: 'loja',
  at: '2025-11-13T10:30:00.000Z',
  timestamp: 1_763_029_800,
  qr: { code: '2@abc', image: null, pairingCode: null, upcoming: [], expiresAt: null },
  raw: { source: 'whatsmeow', name: 'QR', id: null, event: { Codes: ['2@abc'] } },
}

test('an event survives the way through JSON', () => {
  expect(readEvent(JSON.parse(JSON.stringify(qr)))).toEqual(qr)
})

test.each([
  null,
  'text',
  [],
  {},
  { type: 'session.connected' },
  { type: 1, session: 's', raw: {} },
])('%j is no WhatsApp event', (payload) => {
  expect(() => readEvent(payload)).toThrow(TypeError)
})

test('a table by type is asked for the event’s own entry only', () => {
  expect(applyByType({ 'session.qr_updated': (event) => event.qr.code }, qr)).toBe('2@abc')
  expect(applyByType({ 'session.connected': () => 'no' }, qr)).toBeUndefined()
})

test.each([
  ['CATRefreshError', 'whatsapp.cat_refresh_error'],
  ['FBMessage', 'whatsapp.fb_message'],
  ['typebot.change-status', 'whatsapp.typebot_change_status'],
  ['message.any', 'whatsapp.message_any'],
  ['', 'whatsapp.unknown'],
  ['¿?', 'whatsapp.unknown'],
])('an unknown event %s is named %s', (name, type) => {
  expect(fallbackType(name)).toBe(type)
  expect(
    isFallback({ ...qr, type: fallbackType(name), chat: null, sender: null, fromMe: null }),
  ).toBe(true)
})

test('a name as long as a body is read in no time', () => {
  const startedAt = performance.now()
  for (const piece of ['A', 'Aa', '_', 'aA']) fallbackType(piece.repeat(300_000))
  // Read again from each capital, the first alone would be minutes.
  expect(performance.now() - startedAt).toBeLessThan(5_000)
})

test('every canonical event is in the catalogue once, lower case and dotted, with a description', () => {
  expect(new Set(canonicalEvents.map((event) => event.name)).size).toBe(canonicalEvents.length)
  for (const event of canonicalEvents) {
    expect(event.name).toMatch(/^[a-z_]+\.[a-z_]+$/)
    expect(event.description).not.toBe('')
    expect(event.name.startsWith(`${event.category}.`)).toBe(true)
  }
})

test('presence, history and synchronisation are noise, messages and sessions are not', () => {
  const noisy = canonicalEvents.filter((event) => event.noisy).map((event) => event.name)
  expect(noisy).toContain('presence.updated')
  expect(noisy).toContain('history.synced')
  expect(noisy.filter((name) => /^(message|session|group)\./.test(name))).toEqual([])
})
