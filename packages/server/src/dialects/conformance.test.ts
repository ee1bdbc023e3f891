// One suite over the registry. A dialect brings `samples/*.json` and `golden/*.json` in its folder, and one entry in
// `profiles` below. A golden file is written anew with POMBO_GOLDEN=write, and read by a person before it is
// committed.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { canonicalSamples } from '../../test/support/canonical-events.ts'
import {
  capturedSamples,
  endpointOf,
  goldenUrl,
  type NamedSample,
  outgoing,
  type Sample,
  sampleAtMs,
  samplesOf,
} from '../../test/support/dialect-samples.ts'
import type { DialectName } from '../core/endpoint.ts'
import { generateSecret, parseOpaqueSecret, parseSecret, type Secret } from '../core/secret.ts'
import { canonicalEvents } from '../whatsapp/catalogue.ts'
import type { OutgoingEvent } from './contract/delivery.ts'
import type { Dialect } from './contract/dialect.ts'
import { dialects } from './dialects.ts'

interface Received {
  /** Names in lower case, as a receiver sees them. */
  headers: Record<string, string>
  body: string
}

interface Profile {
  /** As its owner wrote it, and as the receiver has it. */
  secret: string
  /** What the dialect's document gives receivers to verify with, translated; independent of the code that signs. */
  verify(received: Received, secret: string): boolean
  /** Of the dialect's own options, where it signs only if asked to. */
  dialectOptions?: Record<string, unknown>
  /**
   * The name that a receiver finds an event under; `event` of the body unless said otherwise. Null: the body holds
   * none.
   */
  eventIn?(received: Received): unknown
}

function hexOf(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

function same(given: string | undefined, expected: string): boolean {
  if (given === undefined || given.length !== expected.length) return false
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected))
}

function member(body: string, name: string): unknown {
  return (JSON.parse(body) as Record<string, unknown>)[name]
}

const opaque = 'segredo do webhook: ação 1!'

const profiles: Partial<Record<DialectName, Profile>> = {
  standard: {
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    verify({ headers, body }, secret) {
      // The library looks at the clock of the machine, the samples are of a day in the past: it is given its own way
      // to see the time.
      const webhook = new Webhook(secret)
      const at = new Date(Number(headers['webhook-timestamp']) * 1000)
      const expected = webhook.sign(headers['webhook-id'] ?? '', at, body)
      return (headers['webhook-signature'] ?? '').split(' ').includes(expected)
    },
    eventIn: () => null,
  },
  whatsmeow: {
    secret: opaque,
    verify: ({ headers, body }, secret) =>
      same(headers['x-webhook-signature'], `sha256=${hexOf(secret, body)}`),
  },
  zaphub: {
    secret: opaque,
    verify: ({ headers, body }, secret) =>
      same(headers['x-zaphub-signature'], `sha256=${hexOf(secret, body)}`),
  },
  'device-status': {
    secret: opaque,
    verify: ({ headers, body }, secret) =>
      same(headers['x-webhook-signature'], hexOf(secret, body)),
    eventIn: ({ body }) => (member(body, 'event') as { type: unknown }).type,
  },
  evolution: {
    secret: opaque,
    verify: ({ headers, body }, secret) =>
      same(headers['x-webhook-signature'], `sha256=${hexOf(secret, body)}`),
    // Two words for one canonical type, told apart by what is in the event: tested beside the dialect.
    eventIn({ body }) {
      const name = String(member(body, 'event'))
      return /^(send\.message|send\.message\.update|logout\.instance)$/.test(name) ? null : name
    },
  },
  agentes: {
    secret: opaque,
    verify: ({ headers, body }, secret) =>
      same(
        headers['x-webhook-signature'],
        `sha256=${hexOf(secret, `${headers['x-webhook-timestamp']}.${body}`)}`,
      ),
    eventIn: ({ body }) => member(body, 'event_type'),
  },
}

function secretOf(text: string): Secret {
  const parsed = text.startsWith('whsec_') ? parseSecret(text) : parseOpaqueSecret(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.secret
}

/** What the receiver gets: the same steps as in `deliver`. */
function send(
  dialect: Dialect,
  event: OutgoingEvent,
  secrets: readonly Secret[],
  endpoint = endpointOf(dialect.name, optionsOf(dialect)),
): Received {
  const body = dialect.format(event, endpoint)
  const headers = {
    ...dialect.headers(event, endpoint),
    ...dialect.sign(event, endpoint, body, secrets),
  }
  return {
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body,
  }
}

function optionsOf(dialect: Dialect) {
  const dialectOptions = profiles[dialect.name]?.dialectOptions
  return dialectOptions === undefined ? {} : { dialectOptions }
}

const all = [...dialects.values()]
const captured = capturedSamples()

/** Payloads that no dialect has heard of. */
const foreign: Sample[] = [
  null,
  [],
  {},
  'text',
  0,
  { event: 'x', data: { raw: 1 }, form: 'whatsapp' },
].map((payload) => ({ provenance: 'made up', eventType: 'order.paid', form: null, payload }))
foreign.push({
  provenance: 'made up',
  eventType: 'user.registered',
  form: null,
  payloadText: '{ "id": 12345678901234567890, "price": 1.0 }',
})

describe.each(all)('$name', (dialect) => {
  const samples = samplesOf(dialect.name)
  const profile = profiles[dialect.name]

  test('is in the table of this suite and has samples', () => {
    expect(profile).toBeDefined()
    expect(samples).not.toEqual([])
  })

  test('its catalogue holds each event once, described', () => {
    const names = dialect.events.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const event of dialect.events) {
      expect(event.name).toMatch(/^[\w.-]+$/)
      expect(event.description).not.toBe('')
      expect(event.category).not.toBe('')
    }
  })

  test('a producer that uses the dialect’s own names is understood', () => {
    for (const { name } of dialect.events) expect(dialect.eventName(name)).toBe(name)
  })

  test('every catalogued event has a sample, and every sample says where it is from', () => {
    const covered = new Set(samples.map(({ eventType }) => dialect.eventName(eventType)))
    expect(dialect.events.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([])
    for (const sample of samples) expect(sample.provenance.length).toBeGreaterThan(20)
  })

  test('there is a golden file for each sample and for nothing else', () => {
    const folder = new URL('.', goldenUrl(dialect.name, { file: 'x' } as NamedSample))
    if (process.env['POMBO_GOLDEN'] === 'write') return
    expect(readdirSync(folder).toSorted()).toEqual(samples.map(({ file }) => `${file}.json`))
  })

  test.each(samples)('$file leaves as its golden file, byte for byte', (sample) => {
    const golden = goldenUrl(dialect.name, sample)
    const endpoint = endpointOf(dialect.name, { ...optionsOf(dialect), ...sample.endpoint })
    const body = dialect.format(outgoing(sample), endpoint)
    if (process.env['POMBO_GOLDEN'] === 'write') {
      mkdirSync(new URL('.', golden), { recursive: true })
      writeFileSync(golden, body)
    }
    expect(body).toBe(readFileSync(golden, 'utf8'))
  })

  test('a sample’s event is found under the dialect’s name for it', () => {
    for (const sample of samples) {
      const received = send(dialect, outgoing(sample), [])
      const found = profile?.eventIn ? profile.eventIn(received) : member(received.body, 'event')
      if (found !== null) expect(found).toBe(dialect.eventName(sample.eventType))
    }
  })

  test('is signed so that an independent verifier accepts it, and refuses anything else', () => {
    const secrets = [secretOf(profile!.secret)]
    for (const sample of samples) {
      const received = send(dialect, outgoing(sample), secrets)
      const accepts = (changes: Partial<Received>, secret = profile!.secret) =>
        profile!.verify({ ...received, ...changes }, secret)
      expect(accepts({})).toBe(true)
      expect(accepts({ body: received.body.replace(/\S/, ' $&') })).toBe(false)
      expect(accepts({}, profile!.secret.replace(/[A-Za-z](?=[^A-Za-z]*$)/, 'Q'))).toBe(false)
      expect(accepts({ headers: {} })).toBe(false)
    }
  })

  test('a rotation signs with the newest secret', () => {
    const older = profile!.secret.startsWith('whsec_') ? generateSecret('v1') : secretOf('antigo')
    const received = send(dialect, outgoing(samples[0]!), [secretOf(profile!.secret), older])
    expect(profile!.verify(received, profile!.secret)).toBe(true)
  })

  test('is not signed without a secret', () => {
    const received = send(dialect, outgoing(samples[0]!), [])
    expect(profile!.verify(received, profile!.secret)).toBe(false)
    expect(Object.keys(received.headers).filter((name) => name.endsWith('signature'))).toEqual([])
  })

  test('the same event gives the same bytes, also when it is sent again later', () => {
    for (const sample of samples) {
      const { body } = send(dialect, outgoing(sample), [])
      const again = outgoing(sample, { attempt: 3, nowMs: sampleAtMs + 3_600_000 })
      expect(send(dialect, again, []).body).toBe(body)
    }
  })

  test('its headers can be sent, and leave the content type alone', () => {
    for (const sample of samples) {
      const { headers } = send(dialect, outgoing(sample), [secretOf(profile!.secret)])
      expect(headers['content-type']).toBeUndefined()
      for (const [name, value] of Object.entries(headers)) {
        validateHeaderName(name)
        validateHeaderValue(name, value)
      }
    }
  })

  test('its retries and its deadline are ones that an endpoint could set', () => {
    expect(dialect.retry.scheduleMs.length).toBeGreaterThan(0)
    for (const delayMs of dialect.retry.scheduleMs) expect(delayMs).toBeGreaterThanOrEqual(1_000)
    expect(dialect.retry.jitter).toBeGreaterThanOrEqual(0)
    expect(dialect.retry.jitter).toBeLessThan(1)
    expect(dialect.timeoutMs).toBeGreaterThanOrEqual(1_000)
    expect(dialect.timeoutMs).toBeLessThanOrEqual(60_000)
  })

  test('every event of every other dialect and of every gateway can leave in it, as JSON', () => {
    expect(captured.length).toBeGreaterThan(100)
    for (const sample of [
      ...all.flatMap(({ name }) => samplesOf(name)),
      ...canonicalSamples,
      ...captured,
      ...foreign,
    ]) {
      const { body } = send(dialect, outgoing(sample), [secretOf(profile!.secret)])
      expect(() => JSON.parse(body) as unknown, `${sample.eventType}: ${body}`).not.toThrow()
      expect(dialect.eventName(sample.eventType)).not.toBe('')
    }
  })

  test('a payload that no dialect knows keeps every digit', () => {
    const { body } = send(dialect, outgoing(foreign.at(-1)!), [])
    expect(body).toContain('12345678901234567890')
    expect(body).toContain('1.0')
  })
})

test('the samples that every dialect is tried with cover every canonical event', () => {
  const types = new Set(canonicalSamples.map(({ eventType }) => eventType))
  expect(canonicalEvents.map(({ name }) => name).filter((name) => !types.has(name))).toEqual([])
})
