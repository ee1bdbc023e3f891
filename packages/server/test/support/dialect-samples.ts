/**
 * The samples of the dialects: one event each, as it reaches a dialect, in `samples/*.json` of its folder; `golden/`
 * holds under the same name what must leave, byte for byte.
 */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bareEndpoint } from '../../src/core/bare-endpoint.ts'
import type { DialectName, Endpoint } from '../../src/core/endpoint.ts'
import { showId } from '../../src/core/id.ts'
import type { Message, PayloadForm } from '../../src/core/message.ts'
import type { WhatsAppEvent } from '../../src/whatsapp/whatsapp.ts'
import type { OutgoingEvent } from '../../src/dialects/contract/delivery.ts'

export interface Sample {
  /** Which section of which document, or which source of a gateway, it was made from. */
  provenance: string
  eventType: string
  form: PayloadForm
  payload?: unknown
  /** Instead of `payload`, where the exact text matters. */
  payloadText?: string
  /** What differs from the message, app and endpoint below. */
  message?: Partial<Message>
  app?: Partial<OutgoingEvent['app']>
  endpoint?: Partial<Endpoint>
}

export interface NamedSample extends Sample {
  /** The file's name without `.json`. */
  file: string
}

const room = new URL('../../src/dialects/', import.meta.url)

/** The samples in a dialect's folder, by name. */
export function samplesOf(dialect: DialectName): NamedSample[] {
  const folder = new URL(`${dialect}/samples/`, room)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => ({
      ...(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Sample),
      file: file.slice(0, -'.json'.length),
    }))
}

/** What the sources make of the gateways' requests in test/captures. */
export function capturedSamples(): Sample[] {
  const folder = fileURLToPath(new URL('../captures/', import.meta.url))
  return globSync('**/*.golden.json', { cwd: folder }).flatMap((file) => {
    const golden = JSON.parse(readFileSync(`${folder}${file}`, 'utf8')) as {
      events?: WhatsAppEvent[]
    }
    return (golden.events ?? []).map((payload) => ({
      provenance: file,
      eventType: payload.type,
      form: 'whatsapp' as const,
      payload,
    }))
  })
}

export function goldenUrl(dialect: DialectName, sample: NamedSample): URL {
  return new URL(`${dialect}/golden/${sample.file}.json`, room)
}

/** 2025-11-06T10:30:00Z, the time of most examples in the documents. */
export const sampleAtMs = Date.UTC(2025, 10, 6, 10, 30)

const messageUuid = '019a5874-0000-7000-8000-00000000a001'

/** The event as `deliver` hands it to a dialect; always the same one. */
export function outgoing(sample: Sample, changes: Partial<OutgoingEvent> = {}): OutgoingEvent {
  const payload = sample.payloadText ?? JSON.stringify(sample.payload ?? null)
  let parsed: { payload: unknown } | undefined
  return {
    message: {
      id: messageUuid,
      tenantId: '019a5874-0000-7000-8000-00000000b001',
      appId: '019a5874-0000-7000-8000-00000000c001',
      eventType: sample.eventType,
      eventId: null,
      channels: null,
      tags: null,
      payload,
      form: sample.form,
      orderingKey: null,
      priority: 'normal',
      createdAtMs: sampleAtMs + 250,
      ...sample.message,
    },
    payload: () => (parsed ??= { payload: JSON.parse(payload) as unknown }).payload,
    app: {
      id: showId('app', '019a5874-0000-7000-8000-00000000c001'),
      uid: 'abc-123',
      name: 'Loja',
      ...sample.app,
    },
    messageId: showId('message', messageUuid),
    deliveryId: showId('delivery', '019a5874-0000-7000-8000-00000000d001'),
    attempt: 1,
    nowMs: sampleAtMs + 1_000,
    serverUrl: 'https://pombo.example.com',
    ...changes,
  }
}

export function endpointOf(dialect: DialectName, given: Partial<Endpoint> = {}): Endpoint {
  return {
    ...bareEndpoint({
      id: '019a5874-0000-7000-8000-00000000e001',
      tenantId: '019a5874-0000-7000-8000-00000000b001',
      appId: '019a5874-0000-7000-8000-00000000c001',
      url: 'https://receiver.example.com/hook',
      createdAtMs: sampleAtMs,
    }),
    dialect,
    ...given,
  }
}
