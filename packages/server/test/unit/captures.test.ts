// Every recorded-form request in test/captures goes through its gateway's source; what comes out is compared with the
// golden file beside it. UPDATE_GOLDEN=1 writes the golden files anew: read the difference before committing it.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baileysMessage } from '../../src/whatsapp/wire/baileys.ts'
import { canonicalEvents } from '../../src/whatsapp/catalogue.ts'
import { identity, orderingKey } from '../../src/whatsapp/identity/event-identity.ts'
import { isFallback, readEvent, type WhatsAppEvent } from '../../src/whatsapp/whatsapp.ts'
import { gateways, whatsAppGateways } from '../../src/sources/gateways.ts'
import type { GatewayRequest, Parsed } from '../../src/sources/gateway/gateway.ts'
import { gatewayRequest } from '../support/gateway-request.ts'
import { runs } from '../support/property-runs.ts'

interface Capture {
  provenance: string
  path: { session: string | null; event: string | null }
  headers: Record<string, string>
  secret?: string
  body?: unknown
  bodyText?: string
}

const root = join(import.meta.dirname, '../captures')
const files = globSync('*/*.json', { cwd: root })
  .filter((file) => !file.endsWith('.golden.json'))
  .toSorted()
const receivedAtMs = Date.UTC(2025, 10, 7, 10, 10, 5)

/** `evolution-go-0.6.1/x.json` is of the longest name of a gateway that it starts with. */
function sourceOf(file: string) {
  const name = [...gateways.keys()]
    .filter((one) => dirname(file).startsWith(`${one}-`))
    .toSorted((a, b) => b.length - a.length)[0]
  return gateways.get(name ?? '')!
}

function requestOf(capture: Capture): GatewayRequest {
  const rawBody = Buffer.from(capture.bodyText ?? JSON.stringify(capture.body))
  return gatewayRequest({ headers: capture.headers, rawBody, ...capture.path, receivedAtMs })
}

function read(file: string): Capture {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as Capture
}

async function parsed(file: string): Promise<Parsed> {
  return sourceOf(file).parse(requestOf(read(file)))
}

async function eventsOf(file: string): Promise<WhatsAppEvent[]> {
  const result = await parsed(file)
  return result.outcome === 'events' ? result.events : []
}

test('there are captures of every gateway of WhatsApp', () => {
  const ofWhatsApp = whatsAppGateways.map(({ name }) => name)
  expect(new Set(files.map((file) => sourceOf(file)?.name))).toEqual(new Set(ofWhatsApp))
})

describe.each(files)('%s', (file) => {
  test('says where it is from', () => {
    expect(read(file).provenance).not.toBe('')
  })

  test('gives the canonical events of its golden file', async () => {
    const result = JSON.parse(JSON.stringify(await parsed(file))) as Parsed
    const golden = join(root, file.replace(/\.json$/, '.golden.json'))
    if (process.env['UPDATE_GOLDEN'] || !existsSync(golden)) {
      if (!process.env['UPDATE_GOLDEN'])
        throw new Error(`there is no ${basename(golden)}; run with UPDATE_GOLDEN=1`)
      writeFileSync(golden, `${JSON.stringify(result, null, 2)}\n`)
    }
    expect(result).toEqual(JSON.parse(readFileSync(golden, 'utf8')))
  })

  test('carries no token and no key material out', async () => {
    const text = JSON.stringify(await parsed(file))
    // The captures call every WhatsApp key "secret", in base64.
    for (const secret of [
      'B6D711FCDE4D4FD5936544120E713976',
      'sua-chave-api',
      'global-secret-key',
      'evogo-instance-token',
      'wuzapi-user-token',
      'c2VjcmV0',
    ]) {
      expect(text).not.toContain(secret)
    }
  })

  test('gives the same events when it is read again, and repeats of the same when it is sent again later', async () => {
    const [first, again] = [await eventsOf(file), await eventsOf(file)]
    expect(again).toEqual(first)
    const later = await sourceOf(file).parse({
      ...requestOf(read(file)),
      receivedAtMs: receivedAtMs + 40_000,
    })
    const repeats = later.outcome === 'events' ? later.events : []
    expect(repeats.map((event) => event.type)).toEqual(first.map((event) => event.type))
    for (const [index, event] of first.entries()) {
      const keys = identity(event)
      if (keys.length > 0)
        expect(identity(repeats[index]!).some((key) => keys.includes(key))).toBe(true)
    }
  })

  test('gives events whose identities differ from each other', async () => {
    const keys = (await eventsOf(file)).map((event) => identity(event))
    for (const [index, own] of keys.entries()) {
      for (const other of keys.slice(index + 1))
        expect(own.filter((key) => other.includes(key))).toEqual([])
    }
  })

  test('gives events that are complete: catalogued type, time, session, ordering, Baileys’ form', async () => {
    const names = new Set<string>(canonicalEvents.map((event) => event.name))
    for (const event of await eventsOf(file)) {
      expect(readEvent(JSON.parse(JSON.stringify(event)))).toEqual(
        JSON.parse(JSON.stringify(event)),
      )
      expect(isFallback(event) || names.has(event.type)).toBe(true)
      expect(new Date(event.at).toISOString()).toBe(event.at)
      expect(event.timestamp).toBe(Math.floor(Date.parse(event.at) / 1000))
      expect(event.session).not.toBe('')
      expect(orderingKey(event).startsWith(event.session)).toBe(true)
      if (event.type === 'message.received' || event.type === 'message.sent')
        expect(baileysMessage(event)).toBeTypeOf('object')
    }
  })

  const { secret } = read(file)
  if (secret !== undefined) {
    test('is taken with its secret, and refused with another or with one byte changed', async () => {
      const capture = read(file)
      const request = requestOf(capture)
      expect(await sourceOf(file).verify(request, secret)).toBe('ok')
      expect(await sourceOf(file).verify(request, `${secret}x`)).toBe('bad')
      // Evolution, Evolution Go, zpwoot, UAZAPI and Z-API prove who they are, not what they say.
      if (!/^(evolution|zpwoot|uazapi|z-api)/.test(file)) {
        const text = request.rawBody.toString()
        const at = text.indexOf('3EB0') < 0 ? text.indexOf('message') : text.indexOf('3EB0')
        const changed = Buffer.from(`${text.slice(0, at)}4${text.slice(at + 1)}`)
        expect(await sourceOf(file).verify({ ...request, rawBody: changed }, secret)).toBe('bad')
      }
    })
  }
})

function keysOf(events: WhatsAppEvent[]): string[] {
  return events.flatMap((event) => identity(event))
}

test('WAHA’s message and message.any, under phone number and LID, are one message', async () => {
  const [one, other] = [
    await eventsOf('waha-2026.7/text-noweb.json'),
    await eventsOf('waha-2026.7/text-any-lid.json'),
  ]
  expect(keysOf(one).some((key) => keysOf(other).includes(key))).toBe(true)
})

test('an edit that Baileys reports twice is one edit', async () => {
  const [one, other] = [
    await eventsOf('baileys-7.0.0-rc14/edit-upsert-and-update.json'),
    await eventsOf('baileys-7.0.0-rc14/edit-update.json'),
  ]
  expect(keysOf(one).some((key) => keysOf(other).includes(key))).toBe(true)
})

test('no request whatever makes a source throw', async () => {
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record(
        {
          event: fc.string(),
          type: fc.string(),
          data: fc.jsonValue(),
          payload: fc.jsonValue(),
          instance: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((body) => JSON.stringify(body)),
  )
  await fc.assert(
    fc.asyncProperty(
      bodies,
      fc.constantFrom(...gateways.values()),
      fc.constantFrom(
        'application/json',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
      ),
      async (text, source, type) => {
        const request = gatewayRequest({
          headers: {
            'content-type': type,
            'x-hmac-signature': 'zz',
            authorization: 'Bearer a.b.c',
          },
          rawBody: Buffer.from(text),
          receivedAtMs,
        })
        const verdict = await source.verify(request, 'secret')
        expect(['ok', 'bad', 'absent', 'refused']).toContain(
          typeof verdict === 'string' ? verdict : Object.keys(verdict)[0],
        )
        expect(['events', 'messages', 'unknown']).toContain((await source.parse(request)).outcome)
      },
    ),
    { numRuns: runs(400) },
  )
})

/** Replaces one value somewhere inside by another. */
function mutate(value: unknown, path: number[], by: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || typeof value !== 'object' || value === null) return by
  const keys = Object.keys(value)
  if (keys.length === 0) return by
  const key = keys[step % keys.length]!
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...value }
  ;(copy as Record<string, unknown>)[key] = mutate(
    (value as Record<string, unknown>)[key],
    rest,
    by,
  )
  return copy
}

test('no change of one value inside a real request makes a source throw, or loses the event', async () => {
  const withBody = files.filter((file) => read(file).body !== undefined)
  const odd = fc.oneof(
    fc.constantFrom(
      null,
      '',
      0,
      -1,
      [],
      {},
      true,
      'x@y',
      '@',
      { low: 1, high: 2, unsigned: true },
      '__proto__',
      'constructor',
    ),
    fc.jsonValue(),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...withBody),
      fc.array(fc.nat(40), { minLength: 1, maxLength: 7 }),
      odd,
      async (file, path, by) => {
        const capture = { ...read(file), body: mutate(read(file).body, path, by) }
        const result = await sourceOf(file).parse(requestOf(capture))
        if (result.outcome === 'events') {
          expect(result.events.length + result.skipped.length).toBeGreaterThan(0)
          for (const event of result.events) identity(event)
        }
      },
    ),
    { numRuns: runs(3000) },
  )
})
