import { expect, test } from 'vitest'
import { canonicalSamples } from '../../../test/support/canonical-events.ts'
import {
  endpointOf,
  outgoing,
  type Sample,
  samplesOf,
} from '../../../test/support/dialect-samples.ts'
import { parseOpaqueSecret } from '../../core/secret.ts'
import { jobTag, newJobId } from './job.ts'
import { messageUuid } from './message-id.ts'
import { documented } from '../settings.ts'
import { createZaphub } from './zaphub.ts'

const zaphub = createZaphub(documented().zaphub)
const endpoint = endpointOf('zaphub')
const samples = new Map(samplesOf('zaphub').map((sample) => [sample.file, sample]))

function sent(sample: Sample): { event: string; payload: Record<string, unknown> } {
  return JSON.parse(zaphub.format(outgoing(sample), endpoint)) as ReturnType<typeof sent>
}

function payloadOf(file: string): Record<string, unknown> {
  return sent(samples.get(file)!).payload
}

test('the headers say what the body says', () => {
  const event = outgoing(samples.get('message.received')!)
  const body = JSON.parse(zaphub.format(event, endpoint)) as Record<string, unknown>
  expect(zaphub.headers(event, endpoint)).toEqual({
    'User-Agent': 'ZapHub-Webhook/1.0',
    'X-ZapHub-Event': body['event'],
    'X-ZapHub-Session': body['sessionId'],
    'X-ZapHub-Delivery': body['deliveryId'],
  })
})

test('a session name that no header can hold is percent-encoded there, and only there', () => {
  const event = outgoing(samples.get('session-name-beyond-ascii')!)
  expect(zaphub.headers(event, endpoint)['X-ZapHub-Session']).toBe('Loja%20S%C3%A3o%20Jo%C3%A3o')
  const broken = outgoing({ ...samples.get('order')!, app: { uid: 'a\r\nX-Evil: 1\ud800' } })
  expect(zaphub.headers(broken, endpoint)['X-ZapHub-Session']).toMatch(/^[!-~]+$/)
})

test.each([
  ['session.qr_updated', 'qr_code generated_at'],
  ['session.connected', 'connected_at phone_number'],
  ['session.disconnected', 'reason disconnected_at'],
  [
    'message.received',
    'messageId chatId from participant type content chatName chatImageUrl contactName contactImageUrl isGroup ' +
      'timestamp',
  ],
  ['message.sent', 'messageId to wa_message_id timestamp'],
  ['message.delivered', 'messageId wa_message_id timestamp'],
  ['message.read', 'messageId wa_message_id timestamp'],
  ['message.failed', 'messageId error attempts'],
])('%s has the document’s fields, in the document’s order', (file, fields) => {
  const documented = fields.split(' ')
  const keys = Object.keys(payloadOf(file)).filter((key) => documented.includes(key))
  expect(keys).toEqual(documented)
})

test('in a group the group has a name and the member has one; there is no contact', () => {
  const payload = payloadOf('message.received-group-image')
  expect(payload).toMatchObject({ isGroup: true, participantName: 'João' })
  expect(payload['groupId']).toBe(payload['chatId'])
  expect(payload['from']).toBe(payload['participant'])
  expect(Object.keys(payload)).toEqual(expect.arrayContaining(['groupName', 'groupImageUrl']))
  expect(payload).not.toHaveProperty('contactName')
  expect(payloadOf('message.received')).not.toHaveProperty('groupId')
})

test('every message has content.text, which the document’s own receivers read of every message', () => {
  for (const sample of [...samples.values(), ...canonicalSamples]) {
    if (sample.form === null || sample.eventType !== 'message.received') continue
    expect(sent(sample).payload['content']).toHaveProperty('text')
  }
})

test('raw_media is there for a file that nobody has decrypted, and only then', () => {
  expect(payloadOf('message.received-group-image')['raw_media']).toEqual({
    url: 'https://mmg.whatsapp.net/v/t62.7118-24/1.enc',
    directPath: '/v/t62.7118-24/1.enc',
    mediaKey: 'CQgHBg==',
    mediaKeyTimestamp: 1762510195,
    fileLength: 54321,
    fileSha256: 'AQIDBA==',
    fileEncSha256: 'BQYHCA==',
    mimetype: 'image/jpeg',
  })
  for (const file of ['message.received', 'message.received-group-stored-image'])
    expect(payloadOf(file)).not.toHaveProperty('raw_media')
  expect(JSON.stringify(payloadOf('message.received-voice-note'))).not.toContain('mediaKey')
})

test('a payload of ZapHub’s own passes through to the byte, raw_media included', () => {
  const sample = samples.get('message.received-from-zaphub')!
  expect(zaphub.format(outgoing(sample), endpoint)).toContain(`"payload":${sample.payloadText}`)
})

test('sent, delivered and read name the same message, by a UUID of version 5', () => {
  const ids = ['message.sent', 'message.delivered', 'message.read'].map(
    (file) => payloadOf(file)['messageId'],
  )
  expect(new Set(ids).size).toBe(1)
  expect(ids[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
})

test('another session, direction or id is another message', () => {
  const ids = [
    messageUuid('a', '3EB0', true),
    messageUuid('b', '3EB0', true),
    messageUuid('a', '3EB0', false),
    messageUuid('a', '3EB1', true),
  ]
  expect(new Set(ids).size).toBe(ids.length)
  expect(messageUuid('a', '3EB0', true)).toBe(ids[0])
})

test('every way to lose a session is a disconnection', () => {
  const losses = canonicalSamples.filter(({ payload }) => 'final' in (payload as object))
  expect(losses.length).toBe(7)
  for (const loss of losses)
    expect(sent(loss)).toMatchObject({
      event: 'session.disconnected',
      payload: { reason: 'connection closed', disconnected_at: '2025-11-06T10:30:00.000Z' },
    })
})

test('the catalogue shows the payload of every event', () => {
  for (const event of zaphub.events) {
    const shown = Object.keys(event.payload ?? {})
    expect(shown).not.toEqual([])
    for (const [file, sample] of samples)
      if (sample.form === 'whatsapp' && zaphub.eventName(sample.eventType) === event.name)
        expect(Object.keys(payloadOf(file)).filter((key) => !shown.includes(key))).toEqual([])
  }
})

test('an endpoint with a secret gets a signature, in a header of ZapHub’s kind', () => {
  const parsed = parseOpaqueSecret('segredo')
  if (!parsed.ok) throw new Error(parsed.problem)
  const event = outgoing(samples.get('message.received')!)
  expect(zaphub.sign(event, endpoint, '{}', [parsed.secret])).toEqual({
    'X-ZapHub-Signature': expect.stringMatching(/^sha256=[\da-f]{64}$/),
  })
})

test('the deliveryId of a job’s message is the job’s id; another producer’s eventId is none', () => {
  const event = outgoing(samples.get('message.received-from-zaphub')!)
  const eventId = 'webhook-abc-123-message.received-1699876543-xyz'
  const ofJob = { ...event, message: { ...event.message, eventId, tags: [jobTag] } }
  expect(zaphub.headers(ofJob, endpoint)['X-ZapHub-Delivery']).toBe(eventId)
  expect(JSON.parse(zaphub.format(ofJob, endpoint))).toMatchObject({ deliveryId: eventId })
  const other = { ...event, message: { ...event.message, eventId } }
  expect(zaphub.headers(other, endpoint)['X-ZapHub-Delivery']).toBe(event.deliveryId)
})

test('a new job’s id has the document’s form, in characters of a header', () => {
  expect(newJobId('abc-123', 'message.received', 1_699_876_543_999, 0.5)).toBe(
    'webhook-abc-123-message.received-1699876543-i00000000',
  )
  expect(newJobId('Loja São João', 'x', 0, 0.123456789)).toMatch(/^webhook-Loja%20[!-~]+$/)
})

test('the environment’s retries double from the delay', () => {
  const values = { ...documented().zaphub, retryAttempts: 5, retryDelayMs: 500 }
  expect(createZaphub(values).retry.scheduleMs).toEqual([500, 1_000, 2_000, 4_000, 8_000])
  expect(zaphub.retry.scheduleMs).toEqual([2_000, 4_000, 8_000])
  expect(createZaphub({ ...values, timeoutMs: 30_000 }).timeoutMs).toBe(30_000)
})
