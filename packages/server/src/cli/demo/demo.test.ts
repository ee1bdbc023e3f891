import { createHmac } from 'node:crypto'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Received } from '../sink/receive.ts'
import { conversation } from './conversation.ts'
import { Tracker } from './progress.ts'
import type { PomboApi } from '../pombo-api.ts'
import { hmacVerifier } from './script.ts'
import { scripts } from './scripts.ts'
import { progressTable } from './screen.ts'

const idIn = (body: unknown) => (body as { message: { id: string } }).message.id

function take(seed: number, count: number) {
  return conversation(seed, () => 1_700_000_000_000)
    .take(count)
    .toArray()
}

function received(id: string, changes: Partial<Received> = {}): Received {
  return {
    id: `msg_${id}`,
    time: 1,
    method: 'POST',
    path: '/',
    headers: {},
    body: Buffer.from(JSON.stringify({ message: { id } })),
    signature: 'valid',
    reaction: 'answer',
    status: 200,
    atMs: 0,
    ...changes,
  }
}

test('the same seed tells the same conversation, and no id comes twice', () => {
  expect(take(3, 50)).toEqual(take(3, 50))
  expect(take(3, 50)).not.toEqual(take(4, 50))
  const events = take(1, 2_000)
  expect(new Set(events.map(({ payload }) => payload.message.id)).size).toBe(2_000)
  expect(new Set(events.map(({ eventType }) => eventType))).toEqual(
    new Set(['message.received', 'message.sent', 'message.delivered', 'message.read']),
  )
})

test('receipts are about a message that was sent before, in the same chat', () => {
  const sent = new Map<string, string>()
  for (const { eventType, orderingKey, payload } of take(1, 500)) {
    if (eventType === 'message.sent') sent.set(payload.message.id, orderingKey)
    if (eventType === 'message.read' || eventType === 'message.delivered')
      expect(sent.get(String(payload['about']))).toBe(orderingKey)
  }
})

test('retries, repeats and bad signatures are told apart from deliveries', () => {
  const tracker = new Tracker('one', idIn)
  for (const id of ['a', 'b', 'c']) {
    tracker.sending(id)
    tracker.accepted()
  }
  tracker.received(received('a'))
  tracker.received(received('b', { status: 503 }))
  tracker.received(received('b', { time: 2 }))
  tracker.received(received('a', { time: 2 }))
  tracker.received(received('c', { signature: { bad: 'forged' }, status: 401 }))
  expect(tracker.progress).toMatchObject({
    sent: 3,
    delivered: 2,
    attempts: 5,
    retries: 1,
    repeats: 1,
    badSignatures: 1,
  })
  expect(tracker.progress.p95Ms).toBeGreaterThanOrEqual(0)
})

test('the columns of the table stay aligned', () => {
  const tracker = new Tracker('down at first', idIn)
  tracker.circuit = 'half-open'
  const lines = progressTable([new Tracker('good', idIn).progress, tracker.progress]).map(
    stripVTControlCharacters,
  )
  expect(new Set(lines.map((line) => line.length)).size).toBe(1)
})

test('a receiver refuses what was signed by another secret, or changed', () => {
  const verify = hmacVerifier('one', 'x-signature', (hex) => `sha256=${hex}`)
  const body = Buffer.from('{"a":1}')
  const signedBy = (secret: string) => ({
    'x-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  })
  expect(verify(signedBy('one'), body, 0)).toEqual({ ok: true })
  expect(verify(signedBy('two'), body, 0)).toMatchObject({ ok: false })
  expect(verify(signedBy('one'), Buffer.from('{"a":2}'), 0)).toMatchObject({ ok: false })
  expect(verify({}, body, 0)).toMatchObject({ ok: false })
})

test('the ids of what a demo sends repeat nowhere', async () => {
  for (const [name, script] of Object.entries(scripts)) {
    const place = { run: 'r', seed: 1, now: () => 0, url: (role: string) => `http://${role}` }
    const must = async () => ({ id: '1', key: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
    const api = { url: '', must, call: must } as unknown as PomboApi
    const { events } = await script.setUp(api, place)
    const ids = Array.from({ length: 500 }, () => events.next().value!.id)
    expect(new Set(ids).size, name).toBe(500)
  }
})
