import { expect, test } from 'vitest'
import { endpointOf, outgoing, samplesOf } from '../../../test/support/dialect-samples.ts'
import { canonicalEvents } from '../../whatsapp/catalogue.ts'
import { parseSecret } from '../../core/secret.ts'
import { catalogue, isEvent, readEventName, readSubscription, wildcard } from './events.ts'
import { eventName } from './names.ts'
import { documented } from '../settings.ts'
import { createWhatsmeow } from './whatsmeow.ts'

const whatsmeow = createWhatsmeow(documented().whatsmeow)

function bodyOf(file: string): string {
  const sample = samplesOf('whatsmeow').find((one) => one.file === file)!
  return whatsmeow.format(outgoing(sample), endpointOf('whatsmeow'))
}

test('the example message of the document comes out as the document prints it, key order included', () => {
  const documented = {
    event: 'message',
    session_id: 'abc-123',
    timestamp: '2025-11-06T10:30:00Z',
    data: {
      message_id: '3EB0123456789ABCDEF',
      from: '5511999999999@s.whatsapp.net',
      from_me: false,
      chat: '5511999999999@s.whatsapp.net',
      timestamp: '2025-11-06T10:30:00Z',
      type: 'conversation',
      body: 'Olá, tudo bem?',
      media_type: null,
    },
  }
  expect(bodyOf('message')).toBe(JSON.stringify(documented))
})

test('the example of a connection comes out as the document prints it', () => {
  expect(bodyOf('connected')).toBe(
    '{"event":"connected","session_id":"abc-123","timestamp":"2025-11-06T10:30:00Z","data":{"status":"connected"}}',
  )
})

test('a message reads the same whichever gateway it came through', () => {
  expect(bodyOf('message-from-baileys')).toBe(bodyOf('message'))
})

test('a chat known by both identities is named by its phone number, the hidden one beside it', () => {
  const { data } = JSON.parse(bodyOf('message-extended-text-reply')) as { data: object }
  expect(data).toMatchObject({
    from: '5511988887777@s.whatsapp.net',
    from_alt: '181234567890123@lid',
    chat: '5511988887777@s.whatsapp.net',
    chat_alt: '181234567890123@lid',
  })
})

test('media comes with its caption, mime type and file name', () => {
  expect(JSON.parse(bodyOf('message-image'))).toMatchObject({
    data: { media_type: 'image', caption: 'Comprovante', mime_type: 'image/jpeg' },
  })
  expect(JSON.parse(bodyOf('message-document'))).toMatchObject({
    data: { media_type: 'document', body: null, file_name: 'proposta.pdf' },
  })
})

test('the catalogue is the 70 event types that whatsmeow dispatches', () => {
  expect(catalogue).toHaveLength(70)
  expect(new Set(catalogue.map(({ struct }) => struct)).size).toBe(70)
})

test('every canonical event has whatsmeow’s word or keeps its own', () => {
  const renamed = canonicalEvents.map(({ name }) => [name, eventName(name)] as const)
  const unlisted = renamed.filter(([type, name]) => name !== type && !isEvent(name))
  expect(unlisted).toEqual([['session.qr_timeout', 'qr_timeout']])
})

test('a type is read in CamelCase and in snake_case', () => {
  for (const { name, struct } of catalogue) {
    expect(readEventName(name)).toBe(name)
    expect(readEventName(struct)).toBe(name)
  }
  expect(readEventName('keep_alive_timeout')).toBe('keepalive_timeout')
  expect(readEventName('c_a_t_refresh_error')).toBe('cat_refresh_error')
  expect(readEventName('ReadReceipt')).toBe('receipt')
  expect(readEventName('All')).toBe(wildcard)
  expect(readEventName('mensagem')).toBeUndefined()
})

test('a subscription is read in either spelling, and a mistyped name is met with the one that was meant', () => {
  expect(readSubscription(['Message', 'message', 'LoggedOut', 'all'])).toEqual({
    ok: true,
    events: ['message', 'logged_out', 'all'],
  })
  expect(readSubscription(['recieved', 'mesage', 'QR'])).toEqual({
    ok: false,
    unknown: [
      { name: 'recieved', suggestion: undefined },
      { name: 'mesage', suggestion: 'message' },
    ],
  })
})

test('an unknown type leaves under its snake_case name', () => {
  expect(JSON.parse(bodyOf('unknown-type'))).toMatchObject({ event: 'channel_poll_closed' })
})

test('a secret of Standard Webhooks signs with its text, since the document’s receivers know no base64', () => {
  const parsed = parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  if (!parsed.ok) throw new Error(parsed.problem)
  const endpoint = endpointOf('whatsmeow')
  const headers = whatsmeow.sign(outgoing(samplesOf('whatsmeow')[0]!), endpoint, '{"a":1}', [
    parsed.secret,
  ])
  // printf '{"a":1}' | openssl dgst -sha256 -hmac whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
  expect(headers).toEqual({
    'X-Webhook-Signature':
      'sha256=45ec03b2b33403c8043a90de06bedad0827183927115fd7e448ef97eeb13c5be',
  })
})

test('three retries, from five seconds, doubling', () => {
  expect(whatsmeow.retry).toEqual({
    scheduleMs: [5_000, 10_000, 20_000],
    jitter: 0,
    retryStatuses: 'all',
  })
  expect(whatsmeow.timeoutMs).toBe(30_000)
})
