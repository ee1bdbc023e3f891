import { expect, test } from 'vitest'
import { canonicalSamples } from '../../test/support/canonical-events.ts'
import {
  createPersonHashes,
  mentions,
  normalPerson,
  personPathProblem,
  personsOf,
  personVariants,
  textMentions,
} from './person.ts'

test.each([
  ['+55 (11) 99999-9999', '5511999999999'],
  ['5511999999999@s.whatsapp.net', '5511999999999'],
  ['5511999999999:12@c.us', '5511999999999'],
  ['00551199999999', '551199999999'],
  [' Maria@Example.com ', 'maria@example.com'],
  ['998877665544332@lid', '998877665544332@lid'],
  ['3f0c2a52-6f0e-4f53-9a6e-0d6a7f0c1b11', '3f0c2a52-6f0e-4f53-9a6e-0d6a7f0c1b11'],
  ['user_42', 'user_42'],
])('%s is written as %s', (given, normal) => {
  expect(normalPerson(given)).toBe(normal)
})

test('a Brazilian mobile number is found with and without its ninth digit, any other as it is', () => {
  expect(personVariants('+55 11 99999-9999')).toEqual(['5511999999999', '551199999999'])
  expect(personVariants('551199999999')).toEqual(['551199999999', '5511999999999'])
  expect(personVariants('551133334444')).toEqual(['551133334444'])
  expect(personVariants('+1 212 555 0100')).toEqual(['12125550100'])
  expect(personVariants('maria@example.com')).toEqual(['maria@example.com'])
})

const payload = JSON.stringify({
  user_id: 42,
  email: 'Maria@Example.com',
  order: {
    customer: { phone: '+55 11 99999-9999' },
    contacts: [{ email: 'a@b.co' }, { email: '' }],
  },
  note: 'x',
})

test.each([
  ['user_id', ['42']],
  ['email', ['maria@example.com']],
  ['$.order.customer.phone', ['5511999999999']],
  ['order.contacts[*].email', ['a@b.co']],
  ['order.contacts.email', ['a@b.co']],
  ['order.*.phone', ['5511999999999']],
  ['**.email', ['maria@example.com', 'a@b.co']],
  ['missing.path', []],
  ['constructor', []],
])('the path %s finds %j', (path, expected) => {
  expect(personPathProblem(path)).toBeUndefined()
  expect([...personsOf({ payload, form: null, tags: null }, [path])].toSorted()).toEqual(
    expected.toSorted(),
  )
})

test.each(['', 'a..b', 'a b', 'a[0]', '$', '***'])('%j is no path', (path) => {
  expect(personPathProblem(path)).toMatch(/^is no path/)
})

test('of a WhatsApp event the chat and the people are found, groups and the account itself by no path', () => {
  const sample = canonicalSamples.find((one) => one.eventType === 'message.received')!
  const text = JSON.stringify(sample.payload)
  const { chat, sender } = sample.payload as {
    chat: { id: string; kind: string }
    sender: { id: string }
  }
  const found = personsOf({ payload: text, form: 'whatsapp', tags: null }, [])
  expect(found).toContain(normalPerson(sender.id))
  if (chat.kind === 'person') expect(found).toContain(normalPerson(chat.id))
  for (const key of found) expect(key).not.toMatch(/@(g\.us|newsletter)$/)
})

test('a user who was named beside the data is found too', () => {
  expect([...personsOf({ payload: '{}', form: null, tags: ['manual', 'user.u-1'] }, [])]).toEqual([
    'u-1',
  ])
})

test('a value mentions a person at any depth, in any spelling, within a text, and not by a part of a word', () => {
  const keys = new Set(['maria@example.com', '5511999999999', 'u-1'])
  expect(mentions({ a: [{ b: 'MARIA@example.com' }] }, keys)).toBe(true)
  expect(mentions({ a: 5511999999999 }, keys)).toBe(true)
  expect(mentions({ a: 5511999999999, b: undefined }, keys)).toBe(true)
  expect(mentions({ '5511999999999@s.whatsapp.net': 1 }, keys)).toBe(true)
  expect(textMentions('user "u-1" is gone', keys)).toBe(true)
  expect(textMentions('ligue para +55 (11) 99999-9999, por favor', keys)).toBe(true)
  expect(textMentions('Erro: maria@example.com inválido', keys)).toBe(true)
  expect(mentions({ a: 'xmaria@example.com', b: '55119999999990', c: 'u-10' }, keys)).toBe(false)
})

test.each([
  '5511999999999 5521988888888',
  '2026-11-30 5511999999999 10:30',
  'Pedido 1234 de 55 11 99999-9999, 3 itens',
  'true_5511999999999@c.us_3EB0A1',
  'wa.me/5511999999999?text=oi',
  '0055 11 99999.9999',
  'false_120363@g.us_3EB0_112233445566778@lid',
  '112233445566778:12@lid',
  '112233445566778_1:2@hosted.lid',
])('a number is found in %j, whatever stands beside it', (text) => {
  expect(textMentions(text, new Set(['5511999999999', '112233445566778@lid']))).toBe(true)
})

test.each([
  '15511999999999',
  '5511999999999-1600000000@g.us',
  '112233445566778@s.whatsapp.net',
  '55, 11, 99999, 9999',
])('%j is somebody else’s', (text) => {
  expect(textMentions(text, new Set(['5511999999999', '112233445566778@lid']))).toBe(false)
})

test('a megabyte of one word is read in no time', () => {
  const startedAt = performance.now()
  for (const piece of ['a', 'a+/', '1 ', '1', 'a.'])
    textMentions(piece.repeat(1_000_000 / piece.length), new Set(['x', '11111111111']))
  // Read again from each place it would be hours; on a busy machine it is seconds.
  expect(performance.now() - startedAt).toBeLessThan(50_000)
})

test('a hash tells tenants apart, and is found under every key of the ring', () => {
  const [newer, older] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const before = createPersonHashes([older])
  const now = createPersonHashes([newer, older])
  expect(now.hash('t1', 'x')).toEqual(now.all('t1', 'x')[0])
  expect(now.all('t1', 'x')).toContainEqual(before.hash('t1', 'x'))
  expect(now.hash('t1', 'x')).not.toEqual(now.hash('t2', 'x'))
  expect(now.hash('t1', 'x')).toHaveLength(16)
})
