import { compileChatFilter } from '../whatsapp/chat-filter.ts'
import { expect, test } from 'vitest'
import { bareEndpoint } from '../core/bare-endpoint.ts'
import type { Endpoint } from '../core/endpoint.ts'
import type { Message } from '../core/message.ts'
import { compileFilter } from './filter.ts'
import { route } from './route.ts'

const endpoint = (given: Partial<Endpoint>): Endpoint => ({
  ...bareEndpoint({
    id: 'e',
    tenantId: 't',
    appId: 'a',
    url: 'https://example.com',
    createdAtMs: 0,
  }),
  ...given,
})
const message = (given: Partial<Message> = {}): Message => ({
  id: '01a20246-f9fe-730d-92bb-124f5be33b4a',
  tenantId: 't',
  appId: 'a',
  eventType: 'message.received',
  eventId: null,
  channels: null,
  tags: null,
  payload: '{"chat":"1@g.us","n":3}',
  form: null,
  orderingKey: null,
  priority: 'normal',
  createdAtMs: 0,
  ...given,
})
const same = { eventName: (_: string, type: string) => type, compileChatFilter }
const gets = (given: Partial<Endpoint>, sent: Partial<Message> = {}) =>
  route(message(sent), [endpoint(given)], same).targets.length === 1

test('an endpoint without event types gets everything', () => {
  expect(gets({})).toBe(true)
  expect(gets({ eventTypes: ['*'] })).toBe(true)
})

test('a wildcard matches whole dotted parts below it, not a longer word', () => {
  expect(gets({ eventTypes: ['message.*'] })).toBe(true)
  expect(gets({ eventTypes: ['message.*'] }, { eventType: 'message.received.again' })).toBe(true)
  expect(gets({ eventTypes: ['message.*'] }, { eventType: 'messages.upsert' })).toBe(false)
  expect(gets({ eventTypes: ['message.received'] }, { eventType: 'message' })).toBe(false)
})

test('an endpoint with channels gets only messages on one of them', () => {
  expect(gets({ channels: ['a', 'b'] }, { channels: ['b'] })).toBe(true)
  expect(gets({ channels: ['a'] }, { channels: ['b'] })).toBe(false)
  expect(gets({ channels: ['a'] })).toBe(false)
  expect(gets({}, { channels: ['b'] })).toBe(true)
})

test("a subscription may be in the words of the endpoint's dialect", () => {
  const found = route(
    message(),
    [endpoint({ dialect: 'evolution', eventTypes: ['messages.upsert'] })],
    {
      ...same,
      eventName: (dialect: string) => (dialect === 'evolution' ? 'messages.upsert' : 'x'),
    },
  )
  expect(found.targets).toHaveLength(1)
})

test('a filter decides on the payload; one that fails on a message excludes it and says why', () => {
  expect(gets({ filter: 'payload.chat.endsWith("@g.us") && payload.n == 3' })).toBe(true)
  const missed = route(message(), [endpoint({ filter: 'payload.missing == 1' })], same)
  expect(missed.unmatched).toMatch(/1 excluded by their filter \(.*missing/)
})

test('a disabled endpoint is recorded as not sent, not passed over in silence', () => {
  expect(route(message(), [endpoint({ disabled: true })], same)).toMatchObject({
    targets: [],
    discarded: [{ reason: 'not sent: endpoint disabled' }],
    unmatched: null,
  })
})

test('a message nobody gets says why', () => {
  expect(route(message(), [], same).unmatched).toBe('the app has no endpoints')
  expect(
    route(message(), [endpoint({ eventTypes: ['x'] }), endpoint({ channels: ['c'] })], same)
      .unmatched,
  ).toBe('no endpoint matched: 1 not subscribed to this event type, 1 on other channels')
})

test.each([
  ['1 +', /EOF/],
  ['"text"', /gives string; it must give true or false/],
  ['unknown == 1', /Unknown variable/],
  ['payload.s.matches("(a+)+$")', /matches\(\) is not offered/],
  ['payload.l.exists(a, payload.l.exists(b, a == b))', /inside another/],
  ['true || '.repeat(2000), /longer than/],
])('the filter %.40s is refused with the reason', (expression, problem) => {
  expect(compileFilter(expression)).toMatchObject({
    ok: false,
    problem: expect.stringMatching(problem),
  })
})

test('a chat filter looks into WhatsApp events only, and says why it kept one out', () => {
  const event = (given: object) => ({
    form: 'whatsapp' as const,
    payload: JSON.stringify({
      type: 'message.received',
      fromMe: false,
      content: { type: 'text' },
      chat: { id: '1@g.us', altId: null, kind: 'group' },
      ...given,
    }),
  })
  expect(gets({ chatFilter: { chatKinds: ['person'] } })).toBe(true)
  expect(gets({ chatFilter: { chatKinds: ['person'] } }, event({}))).toBe(false)
  expect(
    gets(
      { chatFilter: { chatKinds: ['group'] }, filter: 'payload.content.type == "text"' },
      event({}),
    ),
  ).toBe(true)
  expect(
    gets(
      { chatFilter: { chatKinds: ['group'] }, filter: 'payload.content.type == "image"' },
      event({}),
    ),
  ).toBe(false)
  const { unmatched } = route(
    message(event({})),
    [endpoint({ chatFilter: { chatKinds: ['person'] } })],
    same,
  )
  expect(unmatched).toBe('no endpoint matched: 1 excluded by their chat filter (chat kind)')
})
