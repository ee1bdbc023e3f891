import { expect, test } from 'vitest'
import { identity, orderingKey } from './event-identity.ts'
import { chatOf, personOf } from './jid.ts'
import { emptyContent } from '../message/content.ts'
import type { EventOf } from '../whatsapp.ts'

const pn = '5511999999999@s.whatsapp.net'
const lid = '123456789012345@lid'
const group = '120363012345678901@g.us'

function message(change: Partial<EventOf<'message.received'>> = {}): EventOf<'message.received'> {
  return {
    type: 'message.received',
    session: 'loja',
    at: '2025-11-13T10:30:00.000Z',
    timestamp: 1_763_029_800,
    raw: { source: 'x', name: 'x', id: null, event: null },
    chat: chatOf(pn)!,
    sender: personOf(pn)!,
    messageId: 'A',
    fromMe: false,
    content: emptyContent('text'),
    status: null,
    origin: null,
    replayed: false,
    ...change,
  }
}

function receipt(by: string | null, change: object = {}): EventOf<'message.read'> {
  const {
    content: _content,
    sender: _sender,
    origin: _origin,
    replayed: _replayed,
    ...rest
  } = message({ fromMe: true, chat: chatOf(group)! })
  return {
    ...rest,
    type: 'message.read',
    status: 'read',
    receiptType: 'read',
    by: by === null ? null : personOf(by),
    ...change,
  }
}

function same(a: Parameters<typeof identity>[0], b: Parameters<typeof identity>[0]): boolean {
  return identity(a).some((key) => identity(b).includes(key))
}

test('a message reported by LID and by phone number is one message once both are known in either report', () => {
  const both = message({ chat: chatOf(lid, pn)! })
  expect(same(message(), both)).toBe(true)
  expect(same(message({ chat: chatOf(lid)! }), both)).toBe(true)
})

test('the same id is another message in another session, chat, direction, or from another member', () => {
  const inGroup = (sender: string) => message({ chat: chatOf(group)!, sender: personOf(sender)! })
  expect(same(message(), message({ session: 'outra' }))).toBe(false)
  expect(same(message(), message({ chat: chatOf('5511888888888@s.whatsapp.net')! }))).toBe(false)
  expect(same(message(), message({ fromMe: true }))).toBe(false)
  expect(same(inGroup(pn), inGroup('5511888888888@s.whatsapp.net'))).toBe(false)
  expect(same(inGroup(pn), message({ chat: chatOf(group)!, sender: personOf(lid, pn)! }))).toBe(
    true,
  )
})

test('a receipt of each member and of each step is its own event', () => {
  expect(same(receipt(pn), receipt(pn))).toBe(true)
  expect(same(receipt(pn), receipt('5511888888888@s.whatsapp.net'))).toBe(false)
  expect(same(receipt(pn), receipt(pn, { status: 'delivered', receiptType: '' }))).toBe(false)
  expect(same(receipt(pn), receipt(pn, { receiptType: 'read-self' }))).toBe(false)
})

test('an event without an identity of its own is a repeat only by the gateway’s id', () => {
  const { chat: _chat, ...rest } = message()
  const presence = (id: string | null) => ({
    ...rest,
    type: 'session.connecting' as const,
    reason: null,
    raw: { ...rest.raw, id },
  })
  expect(identity(presence(null))).toEqual([])
  expect(same(presence('evt_1'), presence('evt_1'))).toBe(true)
  expect(same(presence('evt_1'), presence('evt_2'))).toBe(false)
})

test('a chat keeps one ordering key under both of its identities', () => {
  expect(orderingKey(message({ chat: chatOf(lid, pn)! }))).toBe(
    orderingKey(message({ chat: chatOf(pn, lid)! })),
  )
})
