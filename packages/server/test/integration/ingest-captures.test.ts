// Every recorded-form request of every gateway is posted to a started server, as the gateway would.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identity, orderingKey } from '../../src/whatsapp/identity/event-identity.ts'
import { isFallback, type WhatsAppEvent } from '../../src/whatsapp/whatsapp.ts'
import { startApi, type TestApi } from '../support/api-server.ts'
import { type Capture, captures, recordedAtMs } from '../support/captures.ts'
import {
  type GatewaySession,
  type MessageRow,
  openSession,
  postCapture,
} from '../support/gateway.ts'
import { type Receiver, startReceiver, until } from '../support/receiver.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  api = await startApi()
  receiver = await startReceiver()
})
afterAll(async () => {
  await api?.stop()
  await receiver?.close()
})

const tokens: string[] = []

/** A source that lets everything through. */
async function session(gateway: string, settings: object = {}): Promise<GatewaySession> {
  const opened = await openSession(api, receiver, gateway, {
    filters: { noisy: true },
    ...settings,
  })
  tokens.push(opened.token)
  return opened
}

/** A proof that has not expired: Evolution's lasts ten minutes from when it was recorded. */
function fresh(capture: Capture): Capture {
  if (!capture.headers['authorization']?.startsWith('Bearer ey')) return capture
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 600
  const claims = { app: 'evolution', action: 'webhook', exp }
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  const signature = createHmac('sha256', capture.secret!).update(signed).digest('base64url')
  return {
    ...capture,
    headers: { ...capture.headers, authorization: `Bearer ${signed}.${signature}` },
  }
}

const all = captures().map(fresh)
const goldenEvents = (capture: Capture): WhatsAppEvent[] =>
  capture.golden.outcome === 'events' ? capture.golden.events : []

/** Events that tell no time of their own have that of receipt, and what they say of the future is counted from it. */
function atReceipt(event: WhatsAppEvent, stored: WhatsAppEvent): WhatsAppEvent {
  if (event.at !== new Date(recordedAtMs).toISOString()) return event
  const laterMs = Date.parse(stored.at) - recordedAtMs
  const later = (time: string) => new Date(Date.parse(time) + laterMs).toISOString()
  const shifted = JSON.stringify(event).replace(
    /"(until|expiresAt)":"([^"]+)"/g,
    (_, name: string, time: string) => `"${name}":"${later(time)}"`,
  )
  return { ...(JSON.parse(shifted) as WhatsAppEvent), at: stored.at, timestamp: stored.timestamp }
}

const isUnrecognised = (row: MessageRow) => row.tags?.includes('unrecognised') === true

// Each has a session of its own, and waits for the database most of the time.
describe.concurrent.each(all)('$name', (capture) => {
  test('is stored as its golden event, delivered once, and known as a repeat when it comes again', async () => {
    const events = goldenEvents(capture)
    const unknown = capture.golden.outcome === 'unknown' ? capture.golden : undefined
    const { token, messages, delivered, stats } = await session(
      capture.gateway,
      capture.secret === undefined ? {} : { secret: capture.secret },
    )

    const first = await postCapture(api, capture, token)
    // Twilio reads an answer of its own; what was accepted is counted below all the same.
    if (capture.gateway !== 'twilio-whatsapp')
      expect(await first.json()).toMatchObject({
        accepted: events.length + (unknown ? 1 : 0),
        duplicate: 0,
      })
    expect(first.status).toBe(200)

    const stored = await messages()
    if (unknown) {
      expect(stored).toMatchObject([{ form: null, tags: ['unrecognised'] }])
      expect(JSON.parse(stored[0]!.payload)).toEqual(unknown.body)
    } else {
      const payloads = stored.map(({ payload }) => JSON.parse(payload) as WhatsAppEvent)
      expect(payloads).toEqual(events.map((event, index) => atReceipt(event, payloads[index]!)))
      expect(stored).toMatchObject(
        events.map((event) => ({
          event_type: event.type,
          form: 'whatsapp',
          tags: isFallback(event) ? ['unrecognised'] : null,
          ordering_key: orderingKey(event),
        })),
      )
    }

    await postCapture(api, capture, token)
    // What says neither who nor when may rightly come twice.
    const twice = stored.filter(
      ({ payload, form }) =>
        form === null || identity(JSON.parse(payload) as WhatsAppEvent).length === 0,
    )
    expect(await messages()).toHaveLength(stored.length + twice.length)
    await until(() => delivered().length === stored.length + twice.length)
    expect(new Set(delivered().map(({ headers }) => headers['webhook-id'])).size).toBe(
      delivered().length,
    )

    const skipped = capture.golden.outcome === 'events' ? capture.golden.skipped.length : 0
    const again = { stored: stored.filter(isUnrecognised), twice: twice.filter(isUnrecognised) }
    expect(await stats()).toMatchObject({
      received: 2 * (stored.length + skipped),
      accepted: stored.length + twice.length,
      duplicate: stored.length - twice.length,
      skipped: 2 * skipped,
      filtered: 0,
      refused: 0,
      unrecognised: again.stored.length + again.twice.length,
      badSignature: 0,
    })
  })

  if (capture.secret === undefined) return
  test('is refused with another secret, and that is counted', async () => {
    const { token, messages, stats } = await session(capture.gateway, {
      secret: `${capture.secret}x`,
    })
    const answer = await postCapture(api, capture, token)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code: 'bad_signature' })
    expect(await messages()).toEqual([])
    expect(await stats()).toMatchObject({ badSignature: 1, received: 0 })
  })
})

test('no key, token or secret of any of them is in the database', async () => {
  const { rows: tables } = await api.database.pool.query<{ name: string }>(
    `select quote_ident(relname) as name
       from pg_class
      where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace`,
  )
  const secrets = [
    'B6D711FCDE4D4FD5936544120E713976',
    'sua-chave-api',
    'global-secret-key',
    'evogo-instance-token',
    'wuzapi-user-token',
    'c2VjcmV0',
    // go-whatsapp's own default is the word "secret", which is also the name of a field in the audit log.
    ...all.flatMap(({ secret }) => (secret === undefined || secret === 'secret' ? [] : secret)),
    ...tokens,
  ]
  const found: string[] = []
  for (const { name } of tables) {
    const { rows } = await api.database.pool.query<{ line: string }>(
      `select t::text as line from ${name} t`,
    )
    const text = rows.map(({ line }) => line).join('\n')
    for (const secret of new Set(secrets))
      if (text.includes(secret) || text.includes(Buffer.from(secret).toString('hex')))
        found.push(`${secret} in ${name}`)
  }
  expect(tables.length).toBeGreaterThan(15)
  expect(tokens.length).toBeGreaterThan(100)
  expect(found).toEqual([])
})
