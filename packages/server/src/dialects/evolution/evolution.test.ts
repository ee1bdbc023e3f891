import { createHmac } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { canonicalSamples } from '../../../test/support/canonical-events.ts'
import {
  endpointOf,
  outgoing,
  type Sample,
  samplesOf,
} from '../../../test/support/dialect-samples.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { parseOpaqueSecret } from '../../core/secret.ts'
import type { WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import { listedName, pathName, readEventName, readSubscription } from './events.ts'
import { documented } from '../settings.ts'
import { doublingSchedule } from '../contract/schedule.ts'
import { createEvolution } from './evolution.ts'
import { optionsProblem } from './options.ts'
import { nameOf } from './payload.ts'

const evolution = createEvolution(documented().evolution)

const samples = new Map(samplesOf('evolution').map((sample) => [sample.file, sample]))

function sent(sample: Sample, given: Partial<Endpoint> = {}): Record<string, unknown> {
  const endpoint = endpointOf('evolution', { ...sample.endpoint, ...given })
  return JSON.parse(evolution.format(outgoing(sample), endpoint)) as Record<string, unknown>
}

test('every event is found by its listed, its dotted and its path name', () => {
  for (const { name } of evolution.events)
    for (const spelling of [name, listedName(name), pathName(name)])
      expect(readEventName(spelling)).toBe(name)
  expect(readEventName('GROUP_UPDATE')).toBe('groups.update')
  expect(readEventName('GROUPS_UPDATE')).toBe('groups.update')
  expect(readEventName('messages')).toBeUndefined()
})

test('the 31 events of Evolution are in the catalogue under the names that it lists', () => {
  const listed =
    'APPLICATION_STARTUP QRCODE_UPDATED MESSAGES_SET MESSAGES_UPSERT MESSAGES_EDITED MESSAGES_UPDATE ' +
    'MESSAGES_DELETE SEND_MESSAGE SEND_MESSAGE_UPDATE CONTACTS_SET CONTACTS_UPSERT CONTACTS_UPDATE PRESENCE_UPDATE ' +
    'CHATS_SET CHATS_UPSERT CHATS_UPDATE CHATS_DELETE GROUPS_UPSERT GROUP_UPDATE GROUP_PARTICIPANTS_UPDATE ' +
    'CONNECTION_UPDATE LABELS_EDIT LABELS_ASSOCIATION CALL TYPEBOT_START TYPEBOT_CHANGE_STATUS REMOVE_INSTANCE ' +
    'LOGOUT_INSTANCE INSTANCE_CREATE INSTANCE_DELETE STATUS_INSTANCE'
  const events = evolution.events.filter(({ category }) => category !== 'monitoring')
  expect(events.map(({ name }) => listedName(name)).toSorted()).toEqual(
    listed.split(' ').toSorted(),
  )
})

test('an unknown event of a subscription is named, with the closest that there is', () => {
  expect(readSubscription(['MESSAGES_UPSERT', 'MESSAGE_UPSERT'])).toEqual({
    ok: false,
    unknown: [{ name: 'MESSAGE_UPSERT', suggestion: 'MESSAGES_UPSERT' }],
  })
  expect(readSubscription([])).toEqual({
    ok: true,
    subscription: { eventTypes: null, filter: null },
  })
})

test('a message sent through a gateway’s API is send.message, one sent from the phone messages.upsert', () => {
  const sample = canonicalSamples.find(({ eventType }) => eventType === 'message.sent')!
  const from = (origin: string | null) => ({
    ...sample,
    payload: { ...(sample.payload as object), origin },
  })
  expect(sent(from('api'))['event']).toBe('send.message')
  expect(sent(from('device'))['event']).toBe('messages.upsert')
  expect(sent(from(null))['event']).toBe('messages.upsert')
})

const captures = fileURLToPath(new URL('../../../test/captures', import.meta.url))

test('what came from an Evolution leaves as it came, under the name that it had', () => {
  let events = 0
  for (const file of globSync('evolution-2.3.*/*.golden.json', { cwd: captures })) {
    const golden = JSON.parse(readFileSync(`${captures}/${file}`, 'utf8')) as {
      events?: WhatsAppEvent[]
    }
    for (const event of golden.events ?? []) {
      const sample = {
        provenance: file,
        eventType: event.type,
        form: 'whatsapp' as const,
        payload: event,
      }
      const { event: name, data } = sent(sample)
      if (readEventName(event.raw.name) === undefined || name !== event.raw.name) continue
      events++
      const raw = event.raw.event
      const listed = Array.isArray(data) && !Array.isArray(raw) ? [raw] : raw
      expect(data, file).toEqual(listed)
    }
  }
  expect(events).toBeGreaterThan(20)
})

test('the steps of a status that a source read out of a message are updates of their own', () => {
  const file = `${captures}/evolution-2.3.7/send-message.golden.json`
  const [message] = (JSON.parse(readFileSync(file, 'utf8')) as { events: WhatsAppEvent[] }).events
  const payload = {
    ...message,
    type: 'message.delivered',
    status: 'delivered',
    by: null,
    receiptType: '',
  }
  const sample = {
    provenance: file,
    eventType: 'message.delivered',
    form: 'whatsapp' as const,
    payload,
  }
  expect(sent(sample)).toMatchObject({ event: 'messages.update', data: { status: 'DELIVERY_ACK' } })
})

test('the API key is in the body only where the endpoint asks for it, and never in the monitoring webhook', () => {
  const dialectOptions = { apikey: 'chave' }
  const message = samples.get('messages.upsert-reply')!
  expect(sent(message)).not.toHaveProperty('apikey')
  expect(sent(message, { dialectOptions })['apikey']).toBe('chave')
  expect(sent(samples.get('queue.stats')!, { dialectOptions })).not.toHaveProperty('apikey')
})

test('the members stand in the order of the document', () => {
  const main = ['event', 'instance', 'data', 'server_url', 'apikey', 'timestamp']
  expect(Object.keys(sent(samples.get('messages.upsert')!))).toEqual(main)
  const monitoring = ['event', 'timestamp', 'instance', 'data', 'server_url']
  expect(Object.keys(sent(samples.get('queue.stats')!))).toEqual(monitoring)
})

test('the content of every message stands under the key that messageType names', () => {
  for (const sample of [...samples.values(), ...canonicalSamples]) {
    if (sample.form === null) continue
    const { event, data } = sent(sample) as { event: string; data: Record<string, unknown> }
    if (event !== 'messages.upsert') continue
    const message = data['message'] as object
    if (Object.keys(message).length > 0)
      expect(message).toHaveProperty([String(data['messageType'])])
  }
})

test('webhookByEvents puts the event’s name behind the path, before a query', () => {
  const event = outgoing(samples.get('messages.upsert')!)
  const at = (url: string, webhookByEvents = true) =>
    evolution.url!(event, endpointOf('evolution', { url, dialectOptions: { webhookByEvents } }))
  expect(at('https://a.example/hook')).toBe('https://a.example/hook/messages-upsert')
  expect(at('https://a.example/hook/?k=1/2#x')).toBe(
    'https://a.example/hook/messages-upsert?k=1/2#x',
  )
  expect(at('https://a.example')).toBe('https://a.example/messages-upsert')
  expect(at('https://a.example/hook', false)).toBe('https://a.example/hook')
  const odd = outgoing({ provenance: '', eventType: 'a/../b?c', form: null, payload: 1 })
  const endpoint = endpointOf('evolution', { dialectOptions: { webhookByEvents: true } })
  expect(evolution.url!(odd, endpoint)).toBe('https://receiver.example.com/hook/a%2F--%2Fb%3Fc')
})

test('names behind the URL are Evolution’s', () => {
  const path = (file: string) => pathName(nameOf(outgoing(samples.get(file)!)))
  expect(path('group-participants.update')).toBe('group-participants-update')
  expect(path('send.message')).toBe('send-message')
  expect(path('typebot.change-status')).toBe('typebot-change-status')
})

test('with a jwt_key the request carries Evolution’s token instead of a signature', () => {
  const parsed = parseOpaqueSecret('chave do token')
  if (!parsed.ok) throw new Error(parsed.problem)
  const event = outgoing(samples.get('messages.upsert')!)
  const endpoint = endpointOf('evolution', { dialectOptions: { signature: 'jwt' } })
  const headers = evolution.sign(event, endpoint, '{}', [parsed.secret])
  expect(Object.keys(headers)).toEqual(['Authorization'])
  const [head, claims, mac] = headers['Authorization']!.replace('Bearer ', '').split('.')
  const expected = createHmac('sha256', 'chave do token').update(`${head}.${claims}`)
  expect(mac).toBe(expected.digest('base64url'))
  const issuedAt = Math.floor(event.nowMs / 1000)
  expect(JSON.parse(Buffer.from(claims!, 'base64url').toString())).toEqual({
    iat: issuedAt,
    exp: issuedAt + 600,
    app: 'evolution',
    action: 'webhook',
  })
  expect(evolution.sign(event, endpoint, '{}', [])).toEqual({})
})

test.each([
  [{}, undefined],
  [{ apikey: 'x', webhookByEvents: true, webhookBase64: false, signature: 'jwt' }, undefined],
  [{ webhookBase64: 'true' }, '"webhookBase64" takes true or false'],
  [{ apikey: '' }, '"apikey" takes a non-empty text'],
  [{ signature: 'md5' }, '"signature" takes "hmac" or "jwt"'],
  [{ byEvents: true }, /^"byEvents" is no option of this dialect; it has apikey, webhookByEvents/],
])('the options %j: %s', (options, problem) => {
  if (problem === undefined) expect(optionsProblem(options)).toBeUndefined()
  else expect(optionsProblem(options)).toMatch(problem)
})

test('the main webhook has 30 s to answer, the monitoring webhook 15', () => {
  expect([evolution.timeoutMs, documented().evolution.monitoringTimeoutMs]).toEqual([
    30_000, 15_000,
  ])
})

test('the document’s six statuses are tried again, five times, with jitter', () => {
  expect(evolution.retry).toEqual({
    scheduleMs: [1_000, 2_000, 4_000, 8_000, 16_000],
    jitter: 0.2,
    retryStatuses: [408, 429, 500, 502, 503, 504],
  })
})

test('delays double and stop growing at five minutes', () => {
  expect(evolution.retry.scheduleMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
  expect(doublingSchedule(11, 1_000, 300_000).slice(-3)).toEqual([256_000, 300_000, 300_000])
  expect(doublingSchedule(0, 1_000)).toEqual([])
})
