import { expect, test } from 'vitest'
import type { ChatFilter } from '../core/chat-filter.ts'
import { chatFilterProblems, compileChatFilter } from './chat-filter.ts'
import type { WhatsAppEvent } from './whatsapp.ts'

const person = (id: string, altId: string | null = null) => ({
  id,
  altId,
  phone: null,
  name: null,
  imageUrl: null,
})
const chat = (id: string, kind = 'person', altId: string | null = null) => ({
  id,
  altId,
  kind,
  name: null,
  imageUrl: null,
})
const message = (given: object = {}) =>
  ({
    type: 'message.received',
    session: 's',
    chat: chat('5511999990001@s.whatsapp.net'),
    sender: person('5511999990001@s.whatsapp.net'),
    fromMe: false,
    content: { type: 'text' },
    ...given,
  }) as unknown as WhatsAppEvent
const session = { type: 'session.connected', session: 's', me: null } as unknown as WhatsAppEvent
const presence = message({ type: 'presence.updated', content: undefined }) as WhatsAppEvent
const reason = (filter: ChatFilter, event: WhatsAppEvent, usuallyNoisy = false) =>
  compileChatFilter(filter, usuallyNoisy)(event)

test('an empty filter keeps out nothing but noise', () => {
  expect(reason({}, message())).toBeNull()
  expect(reason({}, session)).toBeNull()
  expect(reason({}, presence)).toBe('noise')
  expect(reason({}, presence, true)).toBeNull()
})

test('noise comes where it is asked for, or where it is named', () => {
  expect(reason({ noisy: true }, presence)).toBeNull()
  expect(reason({ noisy: false }, presence, true)).toBe('noise')
  expect(reason({ events: ['presence.*'] }, presence)).toBeNull()
  expect(reason({ events: ['*'] }, presence)).toBe('noise')
})

test('event types are chosen by name and by what is below a name, and left out likewise', () => {
  expect(reason({ events: ['message.*'] }, message())).toBeNull()
  expect(reason({ events: ['message.*'] }, session)).toBe('event')
  expect(reason({ events: ['message'] }, message())).toBe('event')
  expect(reason({ events: ['*'], exceptEvents: ['message.received'] }, message())).toBe('event')
})

test('chat kinds keep out chats of other kinds, and nothing that is in no chat', () => {
  const group = message({ chat: chat('1203@g.us', 'group') })
  expect(reason({ chatKinds: ['person'] }, group)).toBe('chat_kind')
  expect(reason({ chatKinds: ['group', 'status'] }, group)).toBeNull()
  expect(reason({ chatKinds: ['person'] }, session)).toBeNull()
})

test('from me is about who wrote or did it, never about whose message it was done to', () => {
  const sent = message({ type: 'message.sent', fromMe: true })
  const receipt = message({ type: 'message.read', fromMe: true, content: undefined })
  delete (receipt as { content?: unknown }).content
  const reactionToMine = message({ type: 'message.reaction', fromMe: true, byMe: false })
  expect(reason({ fromMe: false }, sent)).toBe('from_me')
  expect(reason({ fromMe: true }, message())).toBe('from_me')
  expect(reason({ fromMe: true }, sent)).toBeNull()
  expect(reason({ fromMe: false }, receipt)).toBeNull()
  expect(reason({ fromMe: false }, reactionToMine)).toBeNull()
})

test('message types are of messages', () => {
  expect(reason({ messageTypes: ['image'] }, message())).toBe('message_type')
  expect(reason({ messageTypes: ['text'] }, message())).toBeNull()
  expect(reason({ messageTypes: ['image'] }, session)).toBeNull()
})

test('people and chats are known by phone number, JID and LID, in whatever form the event names them', () => {
  const byLid = message({
    chat: chat('112233@lid', 'person', '5511999990001@s.whatsapp.net'),
    sender: person('112233@lid', '5511999990001@s.whatsapp.net'),
  })
  for (const id of ['5511999990001', '+5511999990001', '5511999990001@c.us', '112233@lid']) {
    expect(reason({ deny: [id] }, byLid)).toBe('denied')
    expect(reason({ allow: [id] }, byLid)).toBeNull()
  }
  expect(reason({ allow: ['5511888880000'] }, byLid)).toBe('not_allowed')
  expect(reason({ allow: ['112233@lid'], deny: ['112233@lid'] }, byLid)).toBe('denied')
  expect(reason({ allow: ['5511888880000'] }, session)).toBeNull()
  const inGroup = message({ chat: chat('1203@g.us', 'group') })
  expect(reason({ allow: ['1203@g.us'] }, inGroup)).toBeNull()
  expect(reason({ deny: ['5511999990001'] }, inGroup)).toBe('denied')
})

test('what cannot be meant is named', () => {
  expect(chatFilterProblems({ events: ['message.*', '*'], allow: ['+5511999990001'] })).toEqual([])
  const wrong = {
    events: ['a b'],
    exceptEvents: [],
    chatKinds: ['cat'],
    messageTypes: ['x'],
    allow: ['a b'],
    deny: [''],
  } as unknown as ChatFilter
  expect(chatFilterProblems(wrong).map(({ field }) => field)).toEqual(Object.keys(wrong))
})
